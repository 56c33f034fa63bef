//! Plain text out of HTML, for the text part that mails without one get and for snippets.

/// Characters in a snippet, as Mailpit has it.
const SNIPPET: usize = 250;

/// Elements that begin a new line.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "blockquote",
    "br",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "td",
    "th",
    "tr",
    "ul",
];
/// Elements whose content is not text.
const HIDDEN: &[&str] = &["head", "script", "style", "title"];

/// The text of an HTML body; a link's address follows its text in parentheses.
pub(super) fn from_html(html: &str) -> String {
    let mut out = Lines::default();
    let mut rest = html;
    let mut link: Option<String> = None;
    while let Some(open) = rest.find('<') {
        out.text(&rest[..open]);
        let tag = &rest[open..];
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        if !tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
            out.text("<");
            rest = &tag[1..];
            continue;
        }
        // A tag that never ends makes the rest text: looking again from every later `<` could take for ever.
        let Some((name, inside, after)) = split_tag(tag) else {
            rest = tag;
            break;
        };
        rest = after;
        match name.as_str() {
            "a" => link = attribute(inside, "href"),
            "/a" => {
                if let Some(url) = link.take() {
                    out.link(&url);
                }
            }
            hidden if HIDDEN.contains(&hidden) => rest = skip_element(after, hidden),
            block if BLOCKS.contains(&block.trim_start_matches('/')) => out.new_line(),
            _ => {}
        }
    }
    out.text(rest);
    out.finish()
}

/// The first line or so of a text.
pub(super) fn snippet(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(SNIPPET) {
        Some((end, _)) => format!("{}…", words[..end].trim_end()),
        None => words,
    }
}

/// `<name inside>after`, the name in lower case with its `/`.
fn split_tag(tag: &str) -> Option<(String, &str, &str)> {
    let inner = &tag[1..];
    let mut quote = None;
    let end = inner.char_indices().find_map(|(i, c)| {
        match (quote, c) {
            (None, '>') => return Some(i),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
        None
    })?;
    let body = &inner[..end];
    let length = body.find(|c: char| c.is_whitespace()).unwrap_or(body.len());
    let name = body[..length].trim_end_matches('/').to_ascii_lowercase();
    Some((name, &body[length..], &inner[end + 1..]))
}

fn attribute(inside: &str, wanted: &str) -> Option<String> {
    let mut rest = inside;
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.split_whitespace().last().unwrap_or_default();
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, next) = match quote {
            Some(quote) => after[1..].split_once(quote)?,
            None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(decode(value));
        }
        rest = next;
    }
    None
}

/// What follows `</name>`.
fn skip_element<'a>(html: &'a str, name: &str) -> &'a str {
    let close = format!("</{name}");
    let found = html
        .as_bytes()
        .windows(close.len())
        .position(|part| part.eq_ignore_ascii_case(close.as_bytes()));
    let Some(at) = found else { return "" };
    html[at..].find('>').map_or("", |end| &html[at + end + 1..])
}

/// Character references: the named ones mails use, and every numeric one.
fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let found = after.bytes().take(11).position(|b| b == b';').and_then(|end| {
            let name = &after[..end];
            let c = match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                "nbsp" => ' ',
                "copy" => '©',
                "mdash" => '—',
                "ndash" => '–',
                "hellip" => '…',
                "rsquo" => '’',
                _ => {
                    let number = name.strip_prefix('#')?;
                    let code = match number.strip_prefix(['x', 'X']) {
                        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                        None => number.parse().ok()?,
                    };
                    char::from_u32(code)?
                }
            };
            Some((c, end))
        });
        match found {
            Some((c, end)) => {
                out.push(c);
                rest = &after[end + 1..];
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Text with collapsed spaces and at most one empty line in a row.
#[derive(Default)]
struct Lines {
    done: String,
    line: String,
}

impl Lines {
    fn text(&mut self, raw: &str) {
        let text = decode(raw);
        for c in text.chars() {
            if !c.is_whitespace() {
                self.line.push(c);
            } else if !self.line.is_empty() && !self.line.ends_with(' ') {
                self.line.push(' ');
            }
        }
    }

    fn link(&mut self, url: &str) {
        let shown = self.line.trim_end().ends_with(url);
        if !shown && !url.is_empty() && !url.starts_with('#') {
            self.text(" ( ");
            self.line.push_str(url);
            self.line.push_str(" )");
        }
    }

    fn new_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim();
        if !line.is_empty() {
            if !self.done.is_empty() {
                self.done.push_str("\n\n");
            }
            self.done.push_str(line);
        }
    }

    fn finish(mut self) -> String {
        self.new_line();
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_text() {
        let html = "<!doctype html><html><head><title>T</title><style>p{}</style></head><body><h2>Hi &amp; hello</h2>\n\
                    <p>Follow\n this  link:</p><p><a class=x href=\"http://h/v?a=1&amp;b=2\">Confirm</a>.</p>\
                    <!-- no --><p>1 < 2 &#43; &#x26; &nope; <a href='http://h/'>http://h/</a></p></body></html>";
        assert_eq!(
            from_html(html),
            "Hi & hello\n\nFollow this link:\n\nConfirm ( http://h/v?a=1&b=2 ).\n\n1 < 2 + & &nope; http://h/"
        );
        assert_eq!(from_html("<script>x"), "");
        assert_eq!(from_html("<p>open <a href=\"x"), "open <a href=\"x");
    }

    #[test]
    fn snippets_are_short() {
        assert_eq!(snippet(" a\n\n b "), "a b");
        assert_eq!(snippet(&"é ".repeat(400)).chars().count(), 250);
    }
}
