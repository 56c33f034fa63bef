//! SQL types as Swagger's.

use std::borrow::Cow;

use serde_json::Value;

use crate::schema::Name;

/// A type that Swagger knows, `object` left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SwaggerType {
    /// Text, and everything that has no type of its own.
    String,
    /// Truth values.
    Boolean,
    /// Whole numbers.
    Integer,
    /// All other numbers.
    Number,
    /// Arrays.
    Array,
}

impl SwaggerType {
    /// The type of a SQL type; `None` for JSON, which may be anything.
    pub(super) fn of(sql_type: &str) -> Option<Self> {
        Some(match sql_type {
            "boolean" => Self::Boolean,
            "smallint" | "integer" | "bigint" => Self::Integer,
            "numeric" | "real" | "double precision" => Self::Number,
            "json" | "jsonb" => return None,
            array if array.ends_with("[]") => Self::Array,
            _ => Self::String,
        })
    }

    /// Its name in the document.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Array => "array",
        }
    }
}

/// Name of a SQL type's Swagger type.
pub(super) fn type_name(sql_type: &str) -> Option<&'static str> {
    SwaggerType::of(sql_type).map(SwaggerType::name)
}

/// The format: Swagger has names for the widths of whole numbers, all other types keep their SQL name.
pub(super) fn format(sql_type: &str) -> &str {
    match sql_type {
        "smallint" | "integer" => "int32",
        "bigint" => "int64",
        other => other,
    }
}

/// Type of an array's elements.
pub(super) fn element(array_type: &str) -> &str {
    array_type.strip_suffix("[]").unwrap_or(array_type)
}

/// `items` of an array's schema; nothing for other types.
pub(super) fn items(sql_type: &str) -> Option<Value> {
    (SwaggerType::of(sql_type)? == SwaggerType::Array).then(|| match type_name(element(sql_type)) {
        Some(name) => serde_json::json!({ "type": name }),
        None => serde_json::json!({}),
    })
}

/// The value of a default expression. Of strings any expression counts (`now()` is worth telling), without quotes where
/// it is a literal of the column's own type; of other types what happens to be JSON.
pub(super) fn default_value(sql_type: &str, expression: &str) -> Option<Value> {
    if SwaggerType::of(sql_type) != Some(SwaggerType::String) {
        return serde_json::from_str(expression).ok();
    }
    let literal = expression
        .strip_suffix(sql_type)
        .and_then(|rest| rest.strip_suffix("::"))
        .map_or(expression, |literal| literal.trim_matches('\''));
    // Read as JSON as the original does: text with quotes or line breaks is no default, and escapes are undone.
    serde_json::from_str(&format!("\"{literal}\"")).ok()
}

/// A type's name as the database prints it with this search path.
pub(super) fn shown<'t>(type_name: &'t str, search_path: &[Name]) -> &'t str {
    match split_schema(type_name) {
        Some((schema, rest)) if search_path.iter().any(|visible| **visible == *schema) => rest,
        _ => type_name,
    }
}

/// The schema, unquoted, and what follows its dot.
fn split_schema(type_name: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = type_name.strip_prefix('"') else {
        let (schema, rest) = type_name.split_once('.')?;
        return Some((schema.into(), rest));
    };
    let mut schema = String::new();
    let mut rest = quoted;
    loop {
        let (part, after) = rest.split_once('"')?;
        schema.push_str(part);
        if let Some(after) = after.strip_prefix('"') {
            schema.push('"');
            rest = after;
        } else {
            return Some((schema.into(), after.strip_prefix('.')?));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn types() {
        assert_eq!(type_name("character varying"), Some("string"));
        assert_eq!(type_name("timestamp with time zone"), Some("string"));
        assert_eq!(type_name("real"), Some("number"));
        assert_eq!(type_name("jsonb"), None);
        assert_eq!(type_name("jsonb[]"), Some("array"));
        assert_eq!(format("smallint"), "int32");
        assert_eq!(format("bigint"), "int64");
        assert_eq!(format("bigint[]"), "bigint[]");
        assert_eq!(items("bigint[]"), Some(json!({ "type": "integer" })));
        assert_eq!(items("json[]"), Some(json!({})));
        assert_eq!(items("json"), None);
        assert_eq!(items("text"), None);
    }

    #[test]
    fn defaults() {
        let cases: [(&str, &str, Option<Value>); 11] = [
            ("text", "'red'::text", Some(json!("red"))),
            (
                "character varying",
                "'red'::character varying",
                Some(json!("red")),
            ),
            ("app.color", "'red'::app.color", Some(json!("red"))),
            ("text", "''::text", Some(json!(""))),
            ("uuid", "gen_random_uuid()", Some(json!("gen_random_uuid()"))),
            ("text", "'say \"x\"'::text", None),
            ("text", "'two\nlines'::text", None),
            ("bigint", "7", Some(json!(7))),
            ("bigint", "nextval('app.seq'::regclass)", None),
            ("double precision", "'-1.5'::numeric", None),
            ("boolean", "true", Some(json!(true))),
        ];
        for (sql_type, expression, expected) in cases {
            assert_eq!(default_value(sql_type, expression), expected, "{expression}");
        }
    }

    #[test]
    fn names_of_types() {
        let search_path: Vec<Name> = vec!["app".into(), "a \"b\".c".into()];
        let cases = [
            ("app.color", "color"),
            ("app.color[]", "color[]"),
            ("app.\"Color\"", "\"Color\""),
            ("\"a \"\"b\"\".c\".color", "color"),
            ("other.color", "other.color"),
            ("\"char\"", "\"char\""),
            ("timestamp without time zone", "timestamp without time zone"),
        ];
        for (name, expected) in cases {
            assert_eq!(shown(name, &search_path), expected);
        }
        assert_eq!(shown("app.color", &[]), "app.color");
    }
}
