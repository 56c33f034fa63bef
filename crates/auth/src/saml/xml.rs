//! Bounded XML: a tree without document types, without depth to fall into, and accessors that refuse what is ambiguous.

use roxmltree::{Document, Node, NodeType, ParsingOptions};

use super::{Result, SamlError};

/// Most elements, texts and comments of a document. The parser's memory grows with their product with the namespaces
/// in scope, so this is what bounds it.
const MOST_NODES: u32 = 10_000;
/// Most attributes of one element; the parser compares each with each.
const MOST_ATTRIBUTES: usize = 32;
/// Deepest nesting.
const DEEPEST: usize = 32;

/// Parses a document of at most `longest` bytes.
pub(super) fn parse(text: &str, longest: usize) -> Result<Document<'_>> {
    if text.len() > longest {
        return Err(SamlError::TooLarge("bytes"));
    }
    check_tags(text)?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => SamlError::TooLarge("nodes"),
        other => SamlError::Xml(other.to_string()),
    })?;
    check_ids(&document)?;
    Ok(document)
}

/// Bounds nesting and attributes before the parser sees the text: its own work is what they would blow up. Reads tags and
/// their quotes as XML does; where the text is no XML it may miscount, but then the parser stops at that place.
fn check_tags(text: &str) -> Result<()> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(start) = bytes[at..].iter().position(|&byte| byte == b'<') {
        at += start + 1;
        let rest = &bytes[at..];
        if let Some((opener, closer)) = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")]
            .into_iter()
            .find(|(opener, _)| rest.starts_with(opener.as_bytes()))
        {
            let Some(end) = text[at + opener.len()..].find(closer) else {
                return Ok(());
            };
            at += opener.len() + end + closer.len();
            continue;
        }
        let is_end = rest.first() == Some(&b'/');
        let (length, attributes, is_empty) = tag(rest);
        if attributes > MOST_ATTRIBUTES {
            return Err(SamlError::TooLarge("attributes"));
        }
        at += length;
        if is_end {
            depth = depth.saturating_sub(1);
        } else if !is_empty {
            depth += 1;
        }
        if depth > DEEPEST {
            return Err(SamlError::TooLarge("depth"));
        }
    }
    Ok(())
}

/// Length of a tag after its `<`, the number of its quoted values, and whether it is an empty element's.
fn tag(rest: &[u8]) -> (usize, usize, bool) {
    let (mut at, mut values, mut quote) = (0, 0, None);
    while let Some(&byte) = rest.get(at) {
        at += 1;
        match (quote, byte) {
            (Some(open), close) if open == close => quote = None,
            (None, b'"' | b'\'') => {
                values += 1;
                quote = Some(byte);
            }
            (None, b'>') => return (at, values, at >= 2 && rest[at - 2] == b'/'),
            _ => {}
        }
    }
    (at, values, false)
}

/// An id names one element. We follow no ids, but neither shall anybody be able to say that one was meant for another.
fn check_ids(document: &Document<'_>) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    for node in document.descendants() {
        for attribute in node.attributes() {
            if attribute.namespace().is_none()
                && attribute.name().eq_ignore_ascii_case("id")
                && !seen.insert(attribute.value())
            {
                return Err(SamlError::Malformed("an ID is there twice"));
            }
        }
    }
    Ok(())
}

/// Whether this is the element.
pub(super) fn is(node: Node<'_, '_>, namespace: &str, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name && node.tag_name().namespace() == Some(namespace)
}

/// Child elements of this name.
pub(super) fn children<'a, 'i: 'a>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| is(*child, namespace, name))
}

/// The child element of this name, if there is one; two are an error.
pub(super) fn at_most_one<'a, 'i: 'a>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> Result<Option<Node<'a, 'i>>> {
    let mut found = children(node, namespace, name);
    let first = found.next();
    if found.next().is_some() {
        return Err(SamlError::Malformed(name));
    }
    Ok(first)
}

/// The child element of this name.
pub(super) fn one<'a, 'i: 'a>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> Result<Node<'a, 'i>> {
    at_most_one(node, namespace, name)?.ok_or(SamlError::Malformed(name))
}

/// The whole text of an element that holds nothing else, without the space around it. A comment in it is an error: some
/// readers stop there, some do not.
pub(super) fn text<'a>(node: Node<'a, '_>) -> Result<&'a str> {
    let mut found = None;
    for child in node.children() {
        if child.node_type() != NodeType::Text || found.is_some() {
            return Err(SamlError::Malformed("a value that is not only text"));
        }
        found = child.text();
    }
    Ok(found.unwrap_or_default().trim())
}

/// A required attribute.
pub(super) fn attribute<'a>(node: Node<'a, '_>, name: &'static str) -> Result<&'a str> {
    node.attribute(name)
        .filter(|value| !value.is_empty())
        .ok_or(SamlError::Malformed(name))
}

/// Text for an attribute or between tags.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LONGEST: usize = 1 << 20;

    #[test]
    fn hostile_documents_are_refused_at_once() {
        let started = std::time::Instant::now();
        let deep = "<a>".repeat(300_000);
        let hidden = format!("<a b='>'>{}", "<a>".repeat(100));
        let crowded: Vec<_> = (0..50_000).map(|i| format!("a{i}=''")).collect();
        let crowded = format!("<a {}/>", crowded.join(" "));
        let many = format!("<a>{}</a>", "<b/>".repeat(20_000));
        let namespaces: Vec<_> = (0..5_000).map(|i| format!("<b xmlns:n{i}='u{i}'>")).collect();
        let namespaces = format!("<a>{}</a>", namespaces.concat());
        for (text, what) in [
            (deep.as_str(), "depth"),
            (&hidden, "depth"),
            (&crowded, "attributes"),
            (&many, "nodes"),
            (&namespaces, "depth"),
        ] {
            let error = parse(text, LONGEST).unwrap_err();
            assert_eq!(error, SamlError::TooLarge(what));
        }
        assert_eq!(parse(&many, 10).unwrap_err(), SamlError::TooLarge("bytes"));
        assert!(started.elapsed() < std::time::Duration::from_secs(2));
    }

    #[test]
    fn document_types_are_refused() {
        let bomb = "<!DOCTYPE a [<!ENTITY b 'bbbb'><!ENTITY c '&b;&b;&b;'>]><a>&c;</a>";
        let file = "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>";
        let parameter = "<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1/x'> %p;]><a/>";
        for text in [bomb, file, parameter, "<!DOCTYPE a><a/>"] {
            let SamlError::Xml(why) = parse(text, LONGEST).unwrap_err() else {
                panic!("{text}")
            };
            assert!(why.contains("DTD"), "{why}");
        }
        assert!(matches!(parse("<a>&b;</a>", LONGEST), Err(SamlError::Xml(_))));
    }

    #[test]
    fn ids_are_unique_whatever_their_case() {
        let twice = "<a ID='x'><b Id='x'/></a>";
        assert_eq!(
            parse(twice, LONGEST).unwrap_err(),
            SamlError::Malformed("an ID is there twice")
        );
        assert!(parse("<a ID='x'><b ID='y'/></a>", LONGEST).is_ok());
    }

    #[test]
    fn a_text_is_whole_or_refused() {
        let read = |xml: &str| {
            parse(xml, LONGEST).and_then(|document| text(document.root_element()).map(str::to_owned))
        };
        assert_eq!(read("<a> x&amp;<![CDATA[<y>]]> </a>").unwrap(), "x&<y>");
        assert_eq!(read("<a/>").unwrap(), "");
        for cut in [
            "<a>x<!-- -->y</a>",
            "<a><!-- -->y</a>",
            "<a>x<?p?>y</a>",
            "<a>x<b/></a>",
        ] {
            assert!(read(cut).is_err(), "{cut}");
        }
    }
}
