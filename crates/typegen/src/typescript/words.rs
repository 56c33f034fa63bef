//! Literals and keys, as the official generator's formatter leaves them.

use unicode_ident::{is_xid_continue, is_xid_start};

/// A text in quotes, in those that need fewer backslashes.
pub(super) fn literal(text: &str) -> String {
    let count = |quote: char| text.chars().filter(|letter| *letter == quote).count();
    let quote = if count('"') > count('\'') { '\'' } else { '"' };
    // JSON writes everything but the quotes as it has to be.
    let json = serde_json::Value::from(text).to_string();
    let inner = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
    let inner = if quote == '\'' {
        inner.replace('\'', "\\'").replace("\\\"", "\"")
    } else {
        inner.to_owned()
    };
    format!("{quote}{inner}{quote}")
}

/// The name of a property, in quotes only where it needs them.
pub(super) fn key(name: &str) -> String {
    if is_identifier(name) {
        name.to_owned()
    } else {
        literal(name)
    }
}

fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| is_xid_start(first) || matches!(first, '_' | '$'))
        && letters.all(|letter| is_xid_continue(letter) || letter == '$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_chosen() {
        assert_eq!(literal("plain"), r#""plain""#);
        assert_eq!(literal("it's"), r#""it's""#);
        assert_eq!(literal(r#"say "x""#), r#"'say "x"'"#);
        assert_eq!(literal(r#"it's "x""#), r#"'it\'s "x"'"#);
        assert_eq!(literal(r#"'"'"#), r#""'\"'""#);
        assert_eq!(literal("a\\b\n\u{1}"), r#""a\\b\n\u0001""#);
        assert_eq!(literal(r#"\"" "#), r#"'\\"" '"#);
    }

    #[test]
    fn keys_are_bare_where_they_can_be() {
        for bare in ["a", "new", "_1", "$", "ü", "naïve_1"] {
            assert_eq!(key(bare), bare);
        }
        for quoted in ["", "1", "1a", "a-b", "foo bar", "a.b"] {
            assert_eq!(key(quoted), format!("\"{quoted}\""));
        }
    }
}
