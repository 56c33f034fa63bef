//! SQL text with its parameters, built piece by piece.

use std::fmt;

/// A statement, or a part of one. Values become parameters, in the order in which they are pushed; names go through
/// [`crate::ident`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fragment {
    text: String,
    params: Vec<Option<Vec<u8>>>,
}

impl Fragment {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Text that is SQL: constants of the program, [`crate::Ident`]s, [`crate::Literal`]s, numbers.
    pub fn push(&mut self, sql: impl fmt::Display) -> &mut Self {
        use fmt::Write;
        let _ = write!(self.text, "{sql}");
        self
    }

    /// A value, in PostgreSQL's text format.
    pub fn param(&mut self, value: impl Into<Vec<u8>>) -> &mut Self {
        self.nullable_param(Some(value))
    }

    /// A value that may be null.
    pub fn nullable_param(&mut self, value: Option<impl Into<Vec<u8>>>) -> &mut Self {
        use fmt::Write;
        self.params.push(value.map(Into::into));
        let _ = write!(self.text, "${}", self.params.len());
        self
    }

    /// Every item, with `separator` between them.
    pub fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        separator: &str,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.text.push_str(separator);
            }
            write(self, item);
        }
        self
    }

    /// The same with text before it.
    pub fn prefixed(self, sql: impl fmt::Display) -> Self {
        Self {
            text: format!("{sql}{}", self.text),
            params: self.params,
        }
    }

    /// The same parameters for a text that names them itself.
    pub fn with_text(self, text: &'static str) -> Self {
        Self {
            text: text.to_owned(),
            params: self.params,
        }
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Text and parameters.
    pub fn into_parts(self) -> (String, Vec<Option<Vec<u8>>>) {
        (self.text, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident;

    #[test]
    fn values_are_numbered_in_order() {
        let mut sql = Fragment::new();
        sql.push("select ").push(ident("a\"b")).push(" = ").param("x");
        sql.push(" and b in (");
        sql.list(["1", "2"], ", ", |sql, value| {
            sql.param(value);
        });
        sql.push(") and c = ").nullable_param(None::<Vec<u8>>);
        let (text, params) = sql.into_parts();
        assert_eq!(text, r#"select "a""b" = $1 and b in ($2, $3) and c = $4"#);
        assert_eq!(params.len(), 4);
        assert_eq!(params[3], None);
    }
}
