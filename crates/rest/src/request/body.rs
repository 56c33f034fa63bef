//! The body of a request (rest.md sections 12 and 14).

use std::borrow::Cow;
use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::media_type::MediaType;
use super::{Action, RestError};

/// A body.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// There is none, or nobody asks for it.
    None,
    /// JSON and what its objects' keys are.
    Json {
        /// As it was sent, or made from CSV or a form.
        bytes: Bytes,
        /// The keys; `None` when `columns` says them.
        keys: Option<BodyKeys>,
        /// It was sent as JSON.
        is_original: bool,
    },
    /// The fields of a form, for functions.
    Form(Vec<(String, String)>),
    /// Anything else, as it was sent, for functions.
    Raw {
        /// Its media type.
        media_type: MediaType,
        /// The bytes.
        bytes: Bytes,
    },
}

/// Keys that every object of a JSON body has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BodyKeys {
    /// The keys of the first object, in its order, without repetitions.
    pub keys: Vec<String>,
    /// The body is an array.
    pub is_array: bool,
    /// The body is an array without objects, or no object at all.
    pub is_empty: bool,
}

impl Body {
    pub(super) fn read(
        bytes: &Bytes,
        headers: &HeaderMap,
        action: Action,
        columns_given: bool,
    ) -> Result<Self, RestError> {
        if !matches!(
            action,
            Action::Insert | Action::Update | Action::Put | Action::Call
        ) {
            return Ok(Self::None);
        }
        let is_call = action == Action::Call;
        let media_type = match headers.get(CONTENT_TYPE) {
            Some(value) => MediaType::read(&String::from_utf8_lossy(value.as_bytes())),
            None => MediaType::Json,
        };
        match media_type {
            MediaType::Json if is_call && bytes.is_empty() => json(&Bytes::from_static(b"{}"), columns_given),
            MediaType::Json => json(bytes, columns_given),
            MediaType::Csv => csv(bytes),
            MediaType::Form if is_call => Ok(Self::Form(form(bytes))),
            MediaType::Form => {
                let object: Map<String, Value> = form(bytes)
                    .into_iter()
                    .map(|(key, value)| (key, Value::String(value)))
                    .collect();
                from_objects(&[object], false)
            }
            MediaType::Text | MediaType::Xml | MediaType::OctetStream if is_call => Ok(Self::Raw {
                media_type,
                bytes: bytes.clone(),
            }),
            other => Err(RestError::Body(format!("Content-Type not acceptable: {other}"))),
        }
    }
}

fn form(bytes: &Bytes) -> Vec<(String, String)> {
    serde_urlencoded::from_bytes(bytes).unwrap_or_default()
}

fn json(bytes: &Bytes, columns_given: bool) -> Result<Body, RestError> {
    let keys = if columns_given {
        None
    } else {
        let found = BodyKeys::of(bytes).ok_or_else(|| RestError::Body("Empty or invalid json".to_owned()))?;
        if found.is_mixed {
            return Err(RestError::Body("All object keys must match".to_owned()));
        }
        Some(found.keys)
    };
    Ok(Body::Json {
        bytes: bytes.clone(),
        keys,
        is_original: true,
    })
}

fn from_objects(objects: &[Map<String, Value>], is_array: bool) -> Result<Body, RestError> {
    let keys = BodyKeys {
        keys: objects
            .first()
            .map(|object| object.keys().cloned().collect())
            .unwrap_or_default(),
        is_array,
        is_empty: objects.is_empty(),
    };
    let bytes = if is_array {
        serde_json::to_vec(objects)
    } else {
        serde_json::to_vec(&objects.first())
    };
    let bytes = bytes.map_err(|error| RestError::Internal(error.to_string()))?;
    Ok(Body::Json {
        bytes: bytes.into(),
        keys: Some(keys),
        is_original: false,
    })
}

/// The first line names the columns; `NULL` is null.
fn csv(bytes: &Bytes) -> Result<Body, RestError> {
    if bytes.is_empty() {
        let message = "parse error (not enough input) at \"\"";
        return Err(RestError::Body(message.to_owned()));
    }
    let wrong = |error: csv::Error| {
        RestError::Body(match error.kind() {
            csv::ErrorKind::UnequalLengths { .. } => "All lines must have same number of fields".to_owned(),
            other => format!("{other:?}"),
        })
    };
    let mut reader = csv::ReaderBuilder::new().from_reader(&bytes[..]);
    let header = reader.headers().map_err(wrong)?.clone();
    let mut objects = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let object = header
            .iter()
            .zip(&record)
            .map(|(name, field)| {
                let value = match field {
                    "NULL" => Value::Null,
                    other => Value::String(other.to_owned()),
                };
                (name.to_owned(), value)
            })
            .collect();
        objects.push(object);
    }
    from_objects(&objects, true)
}

/// Keys, and whether objects differ in theirs.
struct Found {
    keys: BodyKeys,
    is_mixed: bool,
}

impl BodyKeys {
    /// One pass over the text; values are not kept. `None` if it is no JSON.
    fn of(bytes: &[u8]) -> Option<Found> {
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let found = deserializer.deserialize_any(Top).ok()?;
        deserializer.end().ok()?;
        Some(found)
    }
}

/// The whole body.
struct Top;

impl<'de> Visitor<'de> for Top {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Found, A::Error> {
        Ok(Found {
            keys: BodyKeys {
                keys: keys(map)?.into_iter().map(Cow::into_owned).collect(),
                is_array: false,
                is_empty: false,
            },
            is_mixed: false,
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found, A::Error> {
        let mut first: Option<Vec<Cow<'de, str>>> = None;
        let mut is_mixed = false;
        while let Some(element) = seq.next_element_seed(Element)? {
            match (&first, element) {
                (_, None) => is_mixed = true,
                (None, Some(keys)) => first = Some(keys),
                (Some(first), Some(keys)) => is_mixed |= !same(first, &keys),
            }
        }
        Ok(Found {
            keys: BodyKeys {
                is_array: true,
                is_empty: first.is_none(),
                keys: first
                    .unwrap_or_default()
                    .into_iter()
                    .map(Cow::into_owned)
                    .collect(),
            },
            is_mixed,
        })
    }

    fn visit_bool<E>(self, _: bool) -> Result<Found, E> {
        Ok(nothing())
    }
    fn visit_i64<E>(self, _: i64) -> Result<Found, E> {
        Ok(nothing())
    }
    fn visit_u64<E>(self, _: u64) -> Result<Found, E> {
        Ok(nothing())
    }
    fn visit_f64<E>(self, _: f64) -> Result<Found, E> {
        Ok(nothing())
    }
    fn visit_str<E>(self, _: &str) -> Result<Found, E> {
        Ok(nothing())
    }
    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(nothing())
    }
}

/// What is no object and no array counts as an empty array.
fn nothing() -> Found {
    Found {
        keys: BodyKeys {
            keys: Vec::new(),
            is_array: true,
            is_empty: true,
        },
        is_mixed: false,
    }
}

/// Two lists without repetitions.
fn same(first: &[Cow<'_, str>], other: &[Cow<'_, str>]) -> bool {
    first == other || (first.len() == other.len() && other.iter().all(|key| first.contains(key)))
}

fn keys<'de, A: MapAccess<'de>>(mut map: A) -> Result<Vec<Cow<'de, str>>, A::Error> {
    let mut keys: Vec<Cow<'de, str>> = Vec::new();
    while let Some(Key(key)) = map.next_key()? {
        map.next_value::<IgnoredAny>()?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// A key, borrowed from the text where it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// One element of an array: its keys, or `None` when it is no object.
struct Element;

impl<'de> DeserializeSeed<'de> for Element {
    type Value = Option<Vec<Cow<'de, str>>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element {
    type Value = Option<Vec<Cow<'de, str>>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        keys(map).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Body, RestError> {
        json(&Bytes::copy_from_slice(text.as_bytes()), false)
    }

    fn keys_of(text: &str) -> BodyKeys {
        match of(text).unwrap() {
            Body::Json { keys: Some(keys), .. } => keys,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn keys_of_objects_and_arrays() {
        assert_eq!(keys_of(r#"{"a":1,"b\u0041":{"c":2},"a":3}"#).keys, ["a", "bA"]);
        assert_eq!(keys_of(r#"[{"a":1,"b":2},{"b":[1],"a":null}]"#).keys, ["a", "b"]);
        assert!(keys_of("[]").is_empty);
        assert!(keys_of("3").is_empty);
        assert!(!keys_of("[{}]").is_empty);
    }

    #[test]
    fn what_is_refused() {
        let message = |text: &str| of(text).unwrap_err().to_string();
        assert_eq!(message(r#"[{"a":1},{"b":1}]"#), "All object keys must match");
        assert_eq!(message(r#"[{"a":1},{}]"#), "All object keys must match");
        for text in ["", "{", "[1,]", "{\"a\":1} x"] {
            assert_eq!(message(text), "Empty or invalid json", "{text}");
        }
    }

    #[test]
    fn csv_becomes_json() {
        let Body::Json { bytes, keys, .. } = csv(&Bytes::from_static(b"a,b\n1,\"x\"\"y\"\nNULL,")).unwrap()
        else {
            panic!("no JSON");
        };
        assert_eq!(&bytes[..], br#"[{"a":"1","b":"x\"y"},{"a":null,"b":""}]"#);
        assert_eq!(keys.unwrap().keys, ["a", "b"]);
        assert_eq!(
            csv(&Bytes::from_static(b"a,b\n1\n")).unwrap_err().to_string(),
            "All lines must have same number of fields"
        );
        assert_eq!(
            csv(&Bytes::new()).unwrap_err().to_string(),
            "parse error (not enough input) at \"\""
        );
    }
}
