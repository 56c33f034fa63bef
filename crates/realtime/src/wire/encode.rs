//! The serializers (§3): what the server says, as frames.

use std::cell::OnceCell;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::websocket;
use crate::model::broadcast::{Body, Broadcast};
use crate::model::push::Ref;
use crate::model::version::Version;

/// Longest text of a binary frame.
const LONGEST: usize = 255;

/// A text frame. `payload` is JSON.
pub(crate) fn message(
    version: Version,
    join_ref: &Ref,
    reference: &Ref,
    topic: &str,
    event: &str,
    payload: &[u8],
) -> Bytes {
    let (topic, event) = (quoted(topic), quoted(event));
    let (topic, event, reference) = (topic.as_bytes(), event.as_bytes(), reference.json().as_bytes());
    match version {
        Version::V1 => websocket::text(&[
            b"{\"ref\":",
            reference,
            b",\"topic\":",
            topic,
            b",\"event\":",
            event,
            b",\"payload\":",
            payload,
            b"}",
        ]),
        Version::V2 => websocket::text(&[
            b"[",
            join_ref.json().as_bytes(),
            b",",
            reference,
            b",",
            topic,
            b",",
            event,
            b",",
            payload,
            b"]",
        ]),
    }
}

/// A text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    // A text can always be written.
    serde_json::to_string(text).unwrap_or_default()
}

/// The answer to a push.
pub(crate) fn reply(
    version: Version,
    join_ref: &Ref,
    reference: &Ref,
    topic: &str,
    status: &str,
    response: &Value,
) -> Bytes {
    let payload = format!("{{\"status\":\"{status}\",\"response\":{response}}}");
    message(
        version,
        join_ref,
        reference,
        topic,
        "phx_reply",
        payload.as_bytes(),
    )
}

/// A broadcast as a frame; `None` where a version has no form for it.
pub(crate) fn broadcast(
    version: Version,
    join_ref: &Ref,
    topic: &str,
    broadcast: &Broadcast,
) -> Option<Bytes> {
    let text = |payload: &[u8]| message(version, join_ref, &Ref::NULL, topic, "broadcast", payload);
    match broadcast {
        Broadcast::Generic(payload) => Some(text(payload)),
        Broadcast::User {
            event, body, meta, ..
        } => {
            let fits = topic.len() <= LONGEST
                && event.len() <= LONGEST
                && meta.as_ref().is_none_or(|meta| meta.len() <= LONGEST);
            match (version, body) {
                (Version::V2, body) if fits => Some(user(topic, event, meta.as_deref(), body)),
                (_, Body::Json(json)) => as_object(event, meta.as_deref(), json).map(|object| text(&object)),
                (_, Body::Binary(_)) => None,
            }
        }
    }
}

/// A message of the past: what is JSON travels as text in both versions (§5.5).
pub(crate) fn replayed(version: Version, join_ref: &Ref, topic: &str, message: &Broadcast) -> Option<Bytes> {
    match message {
        Broadcast::User {
            event,
            body: Body::Json(json),
            meta,
            ..
        } => {
            let object = as_object(event, meta.as_deref(), json)?;
            Some(self::message(
                version,
                join_ref,
                &Ref::NULL,
                topic,
                "broadcast",
                &object,
            ))
        }
        other => broadcast(version, join_ref, topic, other),
    }
}

/// Kind 4 (§3.3). The sizes were checked.
fn user(topic: &str, event: &str, meta: Option<&str>, body: &Body) -> Bytes {
    let meta = meta.unwrap_or_default();
    let size = |text: &str| u8::try_from(text.len()).unwrap_or(u8::MAX);
    let encoding = u8::from(matches!(body, Body::Json(_)));
    websocket::binary(&[
        &[4, size(topic), size(event), size(meta), encoding],
        topic.as_bytes(),
        event.as_bytes(),
        meta.as_bytes(),
        body.bytes(),
    ])
}

/// A user broadcast as the payload of a text frame; `None` if it calls itself JSON and is none.
pub(crate) fn as_object(event: &str, meta: Option<&str>, json: &[u8]) -> Option<Vec<u8>> {
    serde_json::from_slice::<IgnoredAny>(json).ok()?;
    std::str::from_utf8(json).ok()?;
    let mut object = Vec::with_capacity(json.len() + event.len() + 64);
    object.extend_from_slice(b"{\"event\":");
    object.extend_from_slice(quoted(event).as_bytes());
    object.extend_from_slice(b",\"payload\":");
    object.extend_from_slice(json);
    object.extend_from_slice(b",\"type\":\"broadcast\"");
    if let Some(meta) = meta {
        object.extend_from_slice(b",\"meta\":");
        object.extend_from_slice(meta.as_bytes());
    }
    object.push(b'}');
    Some(object)
}

/// A message on its way to many: its frame is made once for each version.
#[derive(Debug)]
pub(crate) struct Shared<F> {
    make: F,
    one: OnceCell<Option<Bytes>>,
    two: OnceCell<Option<Bytes>>,
}

impl<F: Fn(Version) -> Option<Bytes>> Shared<F> {
    pub(crate) fn new(make: F) -> Self {
        Self {
            make,
            one: OnceCell::new(),
            two: OnceCell::new(),
        }
    }

    pub(crate) fn frame(&self, version: Version) -> Option<Bytes> {
        let cell = match version {
            Version::V1 => &self.one,
            Version::V2 => &self.two,
        };
        cell.get_or_init(|| (self.make)(version)).clone()
    }
}

/// Metadata of a broadcast that has an id.
pub(crate) fn meta_of(id: &str, is_replayed: bool) -> Arc<str> {
    let replayed = if is_replayed { "\"replayed\":true," } else { "" };
    format!("{{{replayed}\"id\":{}}}", quoted(id)).into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(frame: Option<Bytes>) -> Vec<u8> {
        let payload = |frame: Bytes| frame[if frame[1] < 126 { 2 } else { 4 }..].to_vec();
        frame.map(payload).unwrap_or_default()
    }

    #[test]
    fn a_user_broadcast_in_both_versions() {
        let sent = |body: Body| Broadcast::User {
            event: "e".into(),
            body,
            meta: Some("{\"id\":\"1\"}".into()),
            id: None,
        };
        let json = sent(Body::Json(Bytes::from_static(b"{\"a\":1}")));
        let topic = "realtime:t";
        assert_eq!(
            of(broadcast(Version::V2, &Ref::NULL, topic, &json)),
            b"\x04\x0a\x01\x0a\x01realtime:te{\"id\":\"1\"}{\"a\":1}"
        );
        let text: Value =
            serde_json::from_slice(&of(broadcast(Version::V1, &Ref::NULL, topic, &json))).unwrap();
        assert_eq!(
            text,
            serde_json::json!({ "ref": null, "topic": topic, "event": "broadcast",
                "payload": { "event": "e", "payload": { "a": 1 }, "type": "broadcast", "meta": { "id": "1" } } })
        );
        let bytes = sent(Body::Binary(Bytes::from_static(b"\xff")));
        assert!(broadcast(Version::V1, &Ref::NULL, topic, &bytes).is_none());
        assert!(of(broadcast(Version::V2, &Ref::NULL, topic, &bytes)).ends_with(b"\xff"));
        let broken = sent(Body::Json(Bytes::from_static(b"{")));
        assert!(broadcast(Version::V1, &Ref::NULL, topic, &broken).is_none());
    }
}
