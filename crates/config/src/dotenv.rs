//! `.env` files: `NAME=value` lines, `#` comments, single quotes (as is), double quotes (with escapes), `export`, `${NAME}`.

use std::collections::BTreeMap;

/// What a file holds: its pairs in order, and the lines that are no pair.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct DotEnv {
    pub(crate) pairs: Vec<(String, String)>,
    pub(crate) skipped_lines: Vec<usize>,
}

/// Parses `text`. `${NAME}` takes from `env`, then from lines above.
pub(crate) fn parse(text: &str, env: &BTreeMap<String, String>) -> DotEnv {
    let mut out = DotEnv::default();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line = 1;
    while !rest.is_empty() {
        let end = rest.find('\n').unwrap_or(rest.len());
        let current = rest[..end].trim();
        let mut taken = end;
        if !current.is_empty() && !current.starts_with('#') {
            match pair(rest, end) {
                Some((name, raw, used)) => {
                    taken = used;
                    let value = raw.finish(&out.pairs, env);
                    out.pairs.push((name, value));
                }
                None => out.skipped_lines.push(line),
            }
        }
        line += rest[..taken].matches('\n').count() + 1;
        rest = rest.get(taken + 1..).unwrap_or("");
    }
    out
}

/// A value before `${NAME}` is replaced.
enum RawValue {
    Literal(String),
    Expand(String),
}

impl RawValue {
    fn finish(self, above: &[(String, String)], env: &BTreeMap<String, String>) -> String {
        match self {
            Self::Literal(text) => text,
            Self::Expand(text) => expand(&text, above, env),
        }
    }
}

/// Name, value and the offset of the line break after it. `end` is the end of the first line; quoted values may go past it.
fn pair(text: &str, end: usize) -> Option<(String, RawValue, usize)> {
    let equals = text[..end].find('=')?;
    let name = text[..equals].trim();
    let name = name.strip_prefix("export ").map_or(name, str::trim);
    if name.is_empty()
        || !name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '-')
    {
        return None;
    }
    let name = name.to_owned();
    let after = &text[equals + 1..];
    let value = after.trim_start_matches([' ', '\t']);
    let start = text.len() - value.len();
    if let Some(quote @ ('"' | '\'')) = value.chars().next() {
        let close = closing_quote(&value[1..], quote)?;
        let inner = &value[1..=close];
        let used = start + close + 2;
        let line_end = text[used..].find('\n').map_or(text.len(), |offset| used + offset);
        let tail = text[used..line_end].trim();
        if !tail.is_empty() && !tail.starts_with('#') {
            return None;
        }
        let raw = if quote == '\'' {
            RawValue::Literal(inner.to_owned())
        } else {
            RawValue::Expand(unescape(inner))
        };
        return Some((name, raw, line_end));
    }
    let bare = if start > end { "" } else { &text[start..end] };
    let bare = if bare.starts_with('#') {
        ""
    } else {
        bare.find(" #").map_or(bare, |comment| &bare[..comment])
    };
    Some((name, RawValue::Expand(bare.trim().to_owned()), end))
}

/// Offset of the closing quote; a backslash protects the next character in double quotes.
fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (offset, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote == '"' {
            escaped = true;
        } else if c == quote {
            return Some(offset);
        }
    }
    None
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some(other)) => out.push(other),
            (c, _) => out.push(c),
        }
    }
    out
}

fn expand(text: &str, above: &[(String, String)], env: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        out.push_str(&rest[..start]);
        let name = &rest[start + 2..start + length];
        let own = || {
            above
                .iter()
                .rev()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value)
        };
        out.push_str(env.get(name).or_else(own).map_or("", String::as_str));
        rest = &rest[start + length + 1..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        parse(
            text,
            &BTreeMap::from([("HOME".to_owned(), "/home/me".to_owned())]),
        )
        .pairs
    }

    #[test]
    fn plain_quoted_and_commented() {
        let text = "# note\nA=1\nexport B = two words # tail\nC=\"x\\ny\" # tail\nD='a${HOME}\\n'\nE=\n\nF=a#b\r\nG=${HOME}/x${A}\nH=# only a comment\n";
        let got = pairs(text);
        let want = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "x\ny"),
            ("D", "a${HOME}\\n"),
            ("E", ""),
            ("F", "a#b"),
            ("G", "/home/me/x1"),
            ("H", ""),
        ];
        assert_eq!(got, want.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn values_over_several_lines() {
        let got = parse(
            "KEY=\"-----BEGIN\nabc\n-----END\"\nnot a pair\nB=2",
            &BTreeMap::new(),
        );
        assert_eq!(got.pairs[0].1, "-----BEGIN\nabc\n-----END");
        assert_eq!(got.pairs[1], ("B".to_owned(), "2".to_owned()));
        assert_eq!(got.skipped_lines, [4]);
    }

    #[test]
    fn dollar_signs_that_are_no_reference_stay() {
        assert_eq!(pairs("A=$2a$10$abc\nB=${open")[0].1, "$2a$10$abc");
        assert_eq!(pairs("B=${open")[0].1, "${open");
    }
}
