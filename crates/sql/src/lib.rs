//! Quoted identifiers, literals and fragments with parameters: the only place that turns names and values into SQL text.
//!
//! Values normally travel as parameters. What cannot be a parameter (names of tables and functions, a password in
//! `ALTER ROLE`) goes through [`ident`], [`qualified`] or [`literal`]. Quoting follows the lexical rules of PostgreSQL
//! (documentation, 4.1.1 and 4.1.2). A NUL character cannot occur in PostgreSQL text; it is left out.
//! The other way round, [`output_columns`] reads a view's stored query, and [`ViewColumns`] says which columns of which
//! tables it shows.

use std::fmt;

mod fragment;
mod node_tree;
mod view_columns;

pub use fragment::Fragment;
pub use node_tree::{OutputColumn, output_columns};
pub use view_columns::{ColumnNumber, ViewColumns};

/// A name, displayed as a quoted identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ident<'a>(&'a str);

/// Quotes a name.
pub fn ident(name: &str) -> Ident<'_> {
    Ident(name)
}

impl fmt::Display for Ident<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_quoted(f, self.0, '"')
    }
}

/// A name with its schema, displayed as two quoted identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Qualified<'a> {
    schema: Ident<'a>,
    name: Ident<'a>,
}

/// Quotes a name and its schema.
pub fn qualified<'a>(schema: &'a str, name: &'a str) -> Qualified<'a> {
    Qualified {
        schema: Ident(schema),
        name: Ident(name),
    }
}

impl fmt::Display for Qualified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// A text, displayed as a quoted literal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Literal<'a>(&'a str);

/// Quotes a text. With a backslash in it the escape syntax is used, which means the same whatever
/// `standard_conforming_strings` says.
pub fn literal(text: &str) -> Literal<'_> {
    Literal(text)
}

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.contains('\\') {
            return write_quoted(f, self.0, '\'');
        }
        f.write_str(" E")?;
        write_quoted(f, &self.0.replace('\\', "\\\\"), '\'')
    }
}

// The content may be a secret.
impl fmt::Debug for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Literal(…)")
    }
}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str, quote: char) -> fmt::Result {
    use fmt::Write;
    f.write_char(quote)?;
    // Most have nothing in them that needs care.
    if !text.contains([quote, '\0']) {
        f.write_str(text)?;
        return f.write_char(quote);
    }
    for c in text.chars().filter(|c| *c != '\0') {
        if c == quote {
            f.write_char(quote)?;
        }
        f.write_char(c)?;
    }
    f.write_char(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        assert_eq!(ident("users").to_string(), r#""users""#);
        assert_eq!(ident(r#"a"b"#).to_string(), r#""a""b""#);
        assert_eq!(ident("a\0b").to_string(), r#""ab""#);
        assert_eq!(qualified("my schema", "f").to_string(), r#""my schema"."f""#);
    }

    #[test]
    fn literals() {
        assert_eq!(literal("it's").to_string(), "'it''s'");
        assert_eq!(literal(r"a\'; drop").to_string(), r" E'a\\''; drop'");
        assert_eq!(literal("").to_string(), "''");
        assert_eq!(format!("{:?}", literal("secret")), "Literal(…)");
    }
}
