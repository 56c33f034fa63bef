//! The values of a body that is one flat object, each as the text that its column's type reads.
//!
//! `json_to_record` does the same for every body (rest.md section 22). For a single row of plain types it costs more than
//! the write itself, and the values may as well be parameters: a parameter takes the type of its column and goes through
//! the same input function. Whatever is less plain is left to PostgreSQL.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::WriteColumn;
use crate::schema::Oid;

/// Larger bodies are not looked at, in bytes.
const LARGEST: usize = 64 * 1024;

/// bool, int8, int2, int4, text, oid, float4, float8, varchar, date, time, timestamp, timestamptz, numeric, uuid.
const PLAIN: [Oid; 15] = [
    16, 20, 21, 23, 25, 26, 700, 701, 1043, 1082, 1083, 1114, 1184, 1700, 2950,
];

/// json and jsonb.
const JSON: [Oid; 2] = [114, 3802];

/// A value as text; `None` is null.
pub type PlainValue = Option<Vec<u8>>;

/// The values of `columns`, in their order; `None` if the body is to be read by PostgreSQL. A missing key is null.
pub(super) fn plain_values(
    json: &[u8],
    is_array: bool,
    with_defaults: bool,
    columns: &[WriteColumn],
) -> Option<Vec<PlainValue>> {
    let is_plain = |column: &WriteColumn| {
        column.read_by.is_none() && (PLAIN.contains(&column.type_oid) || is_json(column))
    };
    if json.len() > LARGEST || columns.is_empty() || !columns.iter().all(is_plain) {
        return None;
    }
    let Members(members) = if is_array {
        serde_json::from_slice::<(Members<'_>,)>(json).ok()?.0
    } else {
        serde_json::from_slice(json).ok()?
    };
    columns
        .iter()
        .map(|column| {
            let mut named = members.iter().filter(|(key, _)| **key == *column.name);
            match (named.next(), named.next()) {
                (Some((_, value)), None) => plain(value.get(), is_json(column)),
                (None, _) if !with_defaults => Some(None),
                _ => None,
            }
        })
        .collect()
}

fn is_json(column: &WriteColumn) -> bool {
    JSON.contains(&column.type_oid)
}

/// The text that a JSON value is for an input function; `None` if PostgreSQL had better find it out.
fn plain(value: &str, is_json: bool) -> Option<PlainValue> {
    match value.as_bytes().first()? {
        b'n' => Some(None),
        // Escapes would be resolved on the way.
        _ if is_json => (!value.contains('\\')).then(|| Some(value.as_bytes().to_vec())),
        b'{' | b'[' => None,
        b'"' => {
            let text: Cow<'_, str> = serde_json::from_str(value).ok()?;
            (!text.contains('\0')).then(|| Some(text.into_owned().into_bytes()))
        }
        _ => Some(Some(value.as_bytes().to_vec())),
    }
}

/// The members of an object, in order, with repetitions.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A key, borrowed from the text where it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Key(key), value)) = map.next_entry()? {
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, type_oid: Oid) -> WriteColumn {
        WriteColumn {
            name: name.into(),
            type_name: "".into(),
            type_oid,
            read_by: None,
            default: None,
        }
    }

    fn read(json: &str) -> Option<Vec<Option<String>>> {
        let columns = [column("n", 23), column("t", 25), column("j", 3802)];
        let values = plain_values(json.as_bytes(), json.starts_with('['), false, &columns)?;
        let texts = values
            .into_iter()
            .map(|value| value.map(|text| String::from_utf8_lossy(&text).into_owned()));
        Some(texts.collect())
    }

    #[test]
    fn scalars_are_their_text() {
        let texts = |texts: [Option<&str>; 3]| Some(texts.map(|text| text.map(str::to_owned)).to_vec());
        assert_eq!(
            read(r#"{"n":1e2,"t":"a\"\u00e9","j":{"a": [1]}}"#),
            texts([Some("1e2"), Some("a\"é"), Some(r#"{"a": [1]}"#)])
        );
        assert_eq!(
            read(r#"[{"n":"5","t":true,"j":"x"}]"#),
            texts([Some("5"), Some("true"), Some("\"x\"")])
        );
        assert_eq!(read(r#"{"n":null,"t":null,"j":null}"#), texts([None; 3]));
        assert_eq!(read(r#"{"n":1}"#), texts([Some("1"), None, None]));
    }

    #[test]
    fn what_is_left_to_postgres() {
        for json in [
            r#"{"n":1,"n":2}"#,
            r#"{"t":"\u0000"}"#,
            r#"{"t":"\ud800"}"#,
            r#"{"t":{"a":1}}"#,
            r#"{"n":[1]}"#,
            r#"{"j":"\u0041"}"#,
            r#"[{"n":1},{"n":2}]"#,
            "[]",
        ] {
            assert_eq!(read(json), None, "{json}");
        }
        assert_eq!(plain_values(b"{}", false, true, &[column("n", 23)]), None);
        assert_eq!(
            plain_values(br#"{"r":"[1,2]"}"#, false, false, &[column("r", 3904)]),
            None
        );
    }
}
