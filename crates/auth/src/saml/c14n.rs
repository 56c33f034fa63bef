//! Exclusive XML canonicalisation without comments (W3C xml-exc-c14n): the bytes that digests and signatures are over.

use roxmltree::{Node, NodeType};

use super::{Result, SamlError};

/// The canonical form of `apex` and what is below it, but for `omitted` (an enveloped signature). `inclusive` are prefixes
/// whose declarations are kept wherever they are in scope (`#default` for none).
///
/// The form may be much longer than what it is the form of: a declaration far out is written again at each element that
/// uses it. So it is given up as soon as it is longer than `longest` bytes.
pub(super) fn canonical(
    apex: Node<'_, '_>,
    omitted: Option<Node<'_, '_>>,
    inclusive: &[&str],
    longest: usize,
) -> Result<String> {
    let mut writer = Writer {
        out: String::new(),
        omitted,
        inclusive,
        longest,
        rendered: Vec::new(),
    };
    writer.element(apex)?;
    Ok(writer.out)
}

struct Writer<'w, 'a, 'i> {
    out: String,
    omitted: Option<Node<'a, 'i>>,
    inclusive: &'w [&'w str],
    longest: usize,
    /// Declarations that the elements around this one have written, the innermost last.
    rendered: Vec<(&'a str, &'a str)>,
}

impl<'a, 'i: 'a> Writer<'_, 'a, 'i> {
    /// Depth is bounded where documents are parsed.
    fn element(&mut self, node: Node<'a, 'i>) -> Result<()> {
        let name = qualified_name(node)?;
        let outer = self.rendered.len();
        self.out.push('<');
        self.out.push_str(name);
        self.declarations(node, prefix(name))?;
        self.attributes(node);
        self.out.push('>');
        self.check_length()?;
        for child in node.children() {
            match child.node_type() {
                NodeType::Element if Some(child) == self.omitted => {}
                NodeType::Element => self.element(child)?,
                NodeType::Text => escape_text(&mut self.out, child.text().unwrap_or_default()),
                NodeType::PI => self.instruction(child),
                NodeType::Comment | NodeType::Root => {}
            }
        }
        self.rendered.truncate(outer);
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
        self.check_length()
    }

    fn check_length(&self) -> Result<()> {
        if self.out.len() > self.longest {
            return Err(SamlError::TooLarge("canonical form"));
        }
        Ok(())
    }

    /// The declarations that this element's own names need, and the inclusive ones, as far as no element around it wrote
    /// the same.
    fn declarations(&mut self, node: Node<'a, 'i>, own: &'a str) -> Result<()> {
        let mut used = vec![own];
        used.extend(node.attributes().filter_map(|attribute| {
            let prefix = prefix(source(node).get(attribute.range_qname())?);
            (!prefix.is_empty()).then_some(prefix)
        }));
        for &name in self.inclusive {
            let name = if name == "#default" { "" } else { name };
            let in_scope = node
                .namespaces()
                .find(|namespace| namespace.name().unwrap_or_default() == name);
            if let Some(namespace) = in_scope {
                used.push(namespace.name().unwrap_or_default());
            }
        }
        used.sort_unstable();
        used.dedup();
        for prefix in used.into_iter().filter(|prefix| *prefix != "xml") {
            let uri = node.lookup_namespace_uri((!prefix.is_empty()).then_some(prefix));
            let uri = match uri {
                Some(uri) => uri,
                None if prefix.is_empty() => "",
                None => return Err(SamlError::Malformed("a prefix without a namespace")),
            };
            let around = self.rendered.iter().rev().find(|(known, _)| *known == prefix);
            let around = around.map(|(_, uri)| *uri);
            if around == Some(uri) || (around.is_none() && prefix.is_empty() && uri.is_empty()) {
                continue;
            }
            self.rendered.push((prefix, uri));
            self.out.push_str(" xmlns");
            if !prefix.is_empty() {
                self.out.push(':');
                self.out.push_str(prefix);
            }
            self.out.push_str("=\"");
            escape_attribute(&mut self.out, uri);
            self.out.push('"');
        }
        Ok(())
    }

    fn attributes(&mut self, node: Node<'a, 'i>) {
        let mut all: Vec<_> = node.attributes().collect();
        all.sort_by_key(|attribute| (attribute.namespace().unwrap_or_default(), attribute.name()));
        for attribute in all {
            self.out.push(' ');
            let name = source(node).get(attribute.range_qname()).unwrap_or_default();
            self.out.push_str(name);
            self.out.push_str("=\"");
            escape_attribute(&mut self.out, attribute.value());
            self.out.push('"');
        }
    }

    fn instruction(&mut self, node: Node<'a, 'i>) {
        let Some(instruction) = node.pi() else { return };
        self.out.push_str("<?");
        self.out.push_str(instruction.target);
        if let Some(value) = instruction.value {
            self.out.push(' ');
            self.out.push_str(value);
        }
        self.out.push_str("?>");
    }
}

fn source<'a>(node: Node<'a, '_>) -> &'a str {
    node.document().input_text()
}

/// An element's name as it was written. The tree keeps no prefixes, but it knows where the element begins.
fn qualified_name<'a>(node: Node<'a, '_>) -> Result<&'a str> {
    let lost = SamlError::Malformed("an element without a name");
    let tag = source(node)
        .get(node.range())
        .and_then(|tag| tag.strip_prefix('<'));
    let tag = tag.ok_or(lost.clone())?;
    let end = tag.find(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/');
    let name = tag.get(..end.unwrap_or(tag.len())).unwrap_or_default();
    let local = name.rsplit(':').next().unwrap_or_default();
    if local == node.tag_name().name() {
        Ok(name)
    } else {
        Err(lost)
    }
}

fn prefix(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

fn escape_text(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(other),
        }
    }
}

fn escape_attribute(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::saml::xml;

    fn of(xml: &str, name: &str, inclusive: &[&str]) -> String {
        let document = xml::parse(xml, 1 << 20).unwrap();
        let apex = document
            .descendants()
            .find(|node| node.is_element() && node.tag_name().name() == name)
            .unwrap();
        canonical(apex, None, inclusive, 1 << 20).unwrap()
    }

    #[test]
    fn the_form_of_the_recommendation() {
        // W3C xml-exc-c14n, section 2.2: the same element in two surroundings.
        let bare = "<n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\"><n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff></n1:elem2>";
        for document in [
            "<n0:pdu xmlns:n0='http://a.example' xmlns:n1='http://b.example' xmlns:n3='ftp://example.org' xml:lang='fr' xml:space='retain'>\
               <n1:elem2 xmlns:n1='http://example.net' xml:lang='en'><n3:stuff xmlns:n3='ftp://example.org'/></n1:elem2></n0:pdu>",
            "<n2:pdu xmlns:n1='http://example.com' xmlns:n2='http://foo.example' xml:lang='fr' xml:space='preserve'>\
               <n1:elem2 xmlns:n1='http://example.net' xml:lang='en'><n3:stuff xmlns:n3='ftp://example.org'/></n1:elem2></n2:pdu>",
        ] {
            assert_eq!(of(document, "elem2", &[]), bare);
        }
    }

    #[test]
    fn start_tags_are_normalised() {
        // The example of W3C xml-c14n, section 3.3, as far as it needs no document type.
        let document = "<doc>\n <e1   />\n <e2   ></e2>\n <e3   name = \"elem3\"   id=\"elem3\"   />\n\
            <e5 a:attr=\"out\" b:attr=\"sorted\" attr2=\"all\" attr=\"I'm\"\n xmlns:b=\"http://www.ietf.org\"\n xmlns:a=\"http://www.w3.org\"\n \
            xmlns=\"http://example.org\"/><e6 xmlns=\"\" xmlns:a=\"http://www.w3.org\"><e7 xmlns=\"http://www.ietf.org\"><e8 xmlns=\"\" \
            xmlns:a=\"http://www.w3.org\"/></e7></e6></doc>";
        let canonical = "<doc>\n <e1></e1>\n <e2></e2>\n <e3 id=\"elem3\" name=\"elem3\"></e3>\n\
            <e5 xmlns=\"http://example.org\" xmlns:a=\"http://www.w3.org\" xmlns:b=\"http://www.ietf.org\" attr=\"I'm\" attr2=\"all\" \
            b:attr=\"sorted\" a:attr=\"out\"></e5><e6><e7 xmlns=\"http://www.ietf.org\"><e8 xmlns=\"\"></e8></e7></e6></doc>";
        assert_eq!(of(document, "doc", &[]), canonical);
    }

    #[test]
    fn characters_and_comments() {
        // Section 3.4: character references and CDATA sections; comments are dropped, instructions stay.
        let document = "<doc><text>First line&#x0d;&#10;Second line</text><value>&#x32;</value><compute><![CDATA[value>\"0\" && \
            value<\"10\" ?\"valid\":\"error\"]]></compute><c e='x&quot;&#9;&#10;&#13;&lt;&gt;&amp;'>a<!-- b -->c<?p q?></c></doc>";
        let canonical = "<doc><text>First line&#xD;\nSecond line</text><value>2</value><compute>value&gt;\"0\" &amp;&amp; value&lt;\"10\" \
            ?\"valid\":\"error\"</compute><c e=\"x&quot;&#x9;&#xA;&#xD;&lt;>&amp;\">ac<?p q?></c></doc>";
        assert_eq!(of(document, "doc", &[]), canonical);
    }

    #[test]
    fn inclusive_prefixes_are_declared_though_no_name_uses_them() {
        let document = "<r xmlns='d' xmlns:xs='s' xmlns:un='u'><p:a xmlns:p='p'><p:b t='xs:x'/></p:a></r>";
        let plain = "<p:a xmlns:p=\"p\"><p:b t=\"xs:x\"></p:b></p:a>";
        assert_eq!(of(document, "a", &[]), plain);
        let kept = "<p:a xmlns=\"d\" xmlns:p=\"p\" xmlns:xs=\"s\"><p:b t=\"xs:x\"></p:b></p:a>";
        assert_eq!(of(document, "a", &["xs", "#default", "absent"]), kept);
    }

    #[test]
    fn a_form_that_grows_out_of_a_declaration_is_given_up() {
        let far = "u".repeat(100_000);
        let document = format!("<r xmlns:p='{far}'><a>{}</a></r>", "<p:b/>".repeat(5_000));
        let document = xml::parse(&document, 1 << 20).unwrap();
        let apex = document.root_element().first_element_child().unwrap();
        assert_eq!(
            canonical(apex, None, &[], 1 << 20).unwrap_err(),
            SamlError::TooLarge("canonical form")
        );
    }

    #[test]
    fn the_form_is_its_own_form() {
        let document =
            "<a xmlns='u' xmlns:q='v' q:z='1' b='&#xA;&#xD;'>&#xD;<q:c xmlns=''><d/></q:c>&gt;]]&gt;</a>";
        let once = of(document, "a", &[]);
        assert_eq!(of(&once, "a", &[]), once);
    }
}
