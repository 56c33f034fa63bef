//! What clients push, in either version (§3).

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::broadcast::Body;
use super::version::Version;

/// Longest reference that is echoed, in bytes of JSON.
const LONGEST_REF: usize = 1024;

/// A reference that a client chose, as JSON. It is only ever echoed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ref(Option<Box<str>>);

impl Ref {
    /// None.
    pub const NULL: Self = Self(None);

    fn of(raw: &str) -> Option<Self> {
        match raw {
            "null" => Some(Self::NULL),
            raw if raw.len() <= LONGEST_REF => Some(Self(Some(raw.into()))),
            _ => None,
        }
    }

    fn of_text(text: &str) -> Self {
        match text {
            "" => Self::NULL,
            text => Self(Some(serde_json::Value::from(text).to_string().into())),
        }
    }

    /// As JSON.
    pub fn json(&self) -> &str {
        self.0.as_deref().unwrap_or("null")
    }

    /// Whether it is none.
    pub fn is_null(&self) -> bool {
        self.0.is_none()
    }

    /// This, or the other if it is none.
    pub fn or(self, other: &Self) -> Self {
        if self.is_null() { other.clone() } else { self }
    }
}

/// A message of a client.
#[derive(Debug, Clone, PartialEq)]
pub struct Push {
    /// Of its join.
    pub join_ref: Ref,
    /// Its own.
    pub reference: Ref,
    /// Topic.
    pub topic: Box<str>,
    /// Event.
    pub event: Box<str>,
    /// What it says.
    pub payload: Payload,
}

/// What a push says.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// JSON.
    Json(Bytes),
    /// A broadcast in a form of its own (kind 3).
    User {
        /// Event of the application.
        event: Box<str>,
        /// What it says.
        body: Body,
    },
    /// Bytes (kind 0).
    Binary(Bytes),
}

/// A frame that is no message. It is dropped, the socket stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed message")]
pub struct Malformed;

#[derive(Deserialize)]
struct Object<'a> {
    topic: Box<str>,
    event: Box<str>,
    #[serde(borrow)]
    payload: &'a RawValue,
    #[serde(borrow, rename = "ref")]
    reference: &'a RawValue,
    #[serde(borrow, default)]
    join_ref: Option<&'a RawValue>,
}

/// Reads a text frame.
pub fn text(version: Version, frame: &Bytes) -> Result<Push, Malformed> {
    match version {
        Version::V1 => {
            let object: Object<'_> = serde_json::from_slice(frame).map_err(|_| Malformed)?;
            Ok(Push {
                join_ref: Ref::of(object.join_ref.map_or("null", RawValue::get)).ok_or(Malformed)?,
                reference: Ref::of(object.reference.get()).ok_or(Malformed)?,
                payload: Payload::Json(frame.slice_ref(object.payload.get().as_bytes())),
                topic: object.topic,
                event: object.event,
            })
        }
        Version::V2 => {
            let parts: Vec<&RawValue> = serde_json::from_slice(frame).map_err(|_| Malformed)?;
            let [join_ref, reference, topic, event, payload, ..] = parts[..] else {
                return Err(Malformed);
            };
            let name = |raw: &RawValue| serde_json::from_str(raw.get()).map_err(|_| Malformed);
            Ok(Push {
                join_ref: Ref::of(join_ref.get()).ok_or(Malformed)?,
                reference: Ref::of(reference.get()).ok_or(Malformed)?,
                topic: name(topic)?,
                event: name(event)?,
                payload: Payload::Json(frame.slice_ref(payload.get().as_bytes())),
            })
        }
    }
}

/// Reads a binary frame (§3.3).
pub fn binary(frame: &Bytes) -> Result<Push, Malformed> {
    let mut fields = Fields { frame, at: 0 };
    match fields.byte()? {
        0 => {
            let sizes = [fields.byte()?, fields.byte()?, fields.byte()?, fields.byte()?];
            let [join_ref, reference, topic, event] = fields.texts(sizes)?;
            Ok(Push {
                join_ref: Ref::of_text(join_ref),
                reference: Ref::of_text(reference),
                topic: topic.into(),
                event: event.into(),
                payload: Payload::Binary(fields.rest()),
            })
        }
        3 => {
            let sizes = [
                fields.byte()?,
                fields.byte()?,
                fields.byte()?,
                fields.byte()?,
                fields.byte()?,
            ];
            let encoding = fields.byte()?;
            let [join_ref, reference, topic, event, metadata] = fields.texts(sizes)?;
            // Checked, and no more: it is not handed on.
            if !metadata.is_empty() && serde_json::from_str::<serde::de::IgnoredAny>(metadata).is_err() {
                return Err(Malformed);
            }
            let rest = fields.rest();
            Ok(Push {
                join_ref: Ref::of_text(join_ref),
                reference: Ref::of_text(reference),
                topic: topic.into(),
                event: "broadcast".into(),
                payload: Payload::User {
                    event: event.into(),
                    body: if encoding == 0 {
                        Body::Binary(rest)
                    } else {
                        Body::Json(rest)
                    },
                },
            })
        }
        _ => Err(Malformed),
    }
}

/// A binary frame being read.
struct Fields<'a> {
    frame: &'a Bytes,
    at: usize,
}

impl<'a> Fields<'a> {
    fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = self.frame.get(self.at).copied().ok_or(Malformed)?;
        self.at += 1;
        Ok(byte)
    }

    fn texts<const N: usize>(&mut self, sizes: [u8; N]) -> Result<[&'a str; N], Malformed> {
        let mut texts = [""; N];
        for (text, size) in texts.iter_mut().zip(sizes) {
            let end = self.at + usize::from(size);
            let bytes = self.frame.get(self.at..end).ok_or(Malformed)?;
            *text = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
            self.at = end;
        }
        Ok(texts)
    }

    fn rest(self) -> Bytes {
        self.frame.slice(self.at.min(self.frame.len())..)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Bytes {
        Bytes::copy_from_slice(text.as_bytes())
    }

    #[test]
    fn both_versions_of_a_text() {
        let one = text(
            Version::V1,
            &bytes(r#"{"topic":"t\u00e9","event":"e","payload":{"a": 1},"ref":"7","more":1}"#),
        )
        .unwrap();
        let two = text(Version::V2, &bytes(r#"["3","7","té","e",{"a": 1},"more"]"#)).unwrap();
        assert_eq!(one.topic, two.topic);
        assert_eq!(one.payload, Payload::Json(bytes(r#"{"a": 1}"#)));
        assert_eq!(one.payload, two.payload);
        assert_eq!((one.join_ref, two.join_ref.json()), (Ref::NULL, "\"3\""));
        assert_eq!(one.reference.json(), "\"7\"");
    }

    #[test]
    fn malformed_texts() {
        let long = format!(r#"["{}",null,"t","e",{{}}]"#, "x".repeat(2000));
        for wrong in [
            "",
            "{",
            "[]",
            "1",
            r#"["1","2","t","e"]"#,
            r#"[null,null,1,"e",{}]"#,
            "\u{0}",
            &long,
        ] {
            assert_eq!(text(Version::V2, &bytes(wrong)), Err(Malformed), "{wrong}");
        }
        for wrong in [
            r#"[1,2,"t","e",{}]"#,
            r#"{"topic":"t","event":"e","payload":{}}"#,
            r#"{"topic":"t","event":"e","ref":"1"}"#,
            r#"{"topic":null,"event":"e","ref":"1","payload":1}"#,
        ] {
            assert_eq!(text(Version::V1, &bytes(wrong)), Err(Malformed), "{wrong}");
        }
        assert!(
            text(
                Version::V2,
                &Bytes::from_static(b"[null,null,\"t\",\"e\",\"\xff\"]")
            )
            .is_err()
        );
    }

    #[test]
    fn binary_kinds() {
        let push = binary(&Bytes::from_static(
            b"\x03\x01\x02\x05\x04\x02\x00112topicnote{}\xff\x00",
        ))
        .unwrap();
        assert_eq!(push.topic.as_ref(), "topic");
        assert_eq!((push.join_ref.json(), push.reference.json()), ("\"1\"", "\"12\""));
        let body = Body::Binary(Bytes::from_static(b"\xff\x00"));
        assert_eq!(
            push.payload,
            Payload::User {
                event: "note".into(),
                body
            }
        );
        let push = binary(&Bytes::from_static(b"\x00\x00\x01\x01\x01rtebytes")).unwrap();
        assert_eq!(push.payload, Payload::Binary(Bytes::from_static(b"bytes")));
        for wrong in [
            &b""[..],
            b"\x01",
            b"\x04\x00\x00\x00\x00",
            b"\x03\x01",
            b"\x03\x00\x00\x05\x00\x00\x01top",
            b"\x03\x00\x00\x01\x00\x01\x01t{",
            b"\x03\x00\x00\x01\x00\x00\x01\xff",
        ] {
            assert_eq!(binary(&Bytes::from_static(wrong)), Err(Malformed), "{wrong:?}");
        }
    }
}
