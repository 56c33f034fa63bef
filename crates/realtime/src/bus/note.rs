//! What processes tell each other: a header in JSON with its length before it, then the bytes of a payload.

use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::broadcast::{Body, Broadcast};

/// A note and the process that it comes from.
#[derive(Debug, PartialEq)]
pub(crate) struct Note {
    pub(crate) node: u64,
    pub(crate) says: Says,
}

/// What it says.
#[derive(Debug, PartialEq)]
pub(crate) enum Says {
    /// For everybody in the topic.
    Broadcast { place: Place, broadcast: Broadcast },
    /// Its channels track something.
    Present { place: Place, entries: Vec<Entry> },
    /// A channel tracks nothing any more.
    Absent {
        place: Place,
        key: Arc<str>,
        channel: u64,
    },
    /// From here to [`Says::End`] all of its presences are told.
    Begin,
    /// What was not told since [`Says::Begin`] is not there any more.
    End,
    /// It is there, with presences that have this mark together.
    Alive { mark: u64 },
    /// It wants to hear all presences of one process, or of all.
    Hello { to: Option<u64> },
    /// It ends.
    Gone,
}

/// A topic, by name without prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) topic: Arc<str>,
    pub(crate) is_private: bool,
}

/// A presence.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) key: Arc<str>,
    pub(crate) channel: u64,
    pub(crate) meta: Arc<Map<String, Value>>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    node: u64,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Kind {
    Generic {
        place: Place,
    },
    User {
        place: Place,
        event: Arc<str>,
        is_binary: bool,
        meta: Option<Arc<str>>,
        id: Option<Arc<str>>,
    },
    Present {
        place: Place,
        entries: Vec<Entry>,
    },
    Absent {
        place: Place,
        key: Arc<str>,
        channel: u64,
    },
    Begin,
    End,
    Alive {
        mark: u64,
    },
    Hello {
        to: Option<u64>,
    },
    Gone,
}

/// A note as bytes.
pub(crate) fn write(note: Note) -> Bytes {
    let (kind, payload) = match note.says {
        Says::Broadcast {
            place,
            broadcast: Broadcast::Generic(payload),
        } => (Kind::Generic { place }, payload),
        Says::Broadcast {
            place,
            broadcast:
                Broadcast::User {
                    event,
                    body,
                    meta,
                    id,
                },
        } => {
            let is_binary = matches!(body, Body::Binary(_));
            let kind = Kind::User {
                place,
                event,
                is_binary,
                meta,
                id,
            };
            (kind, body.bytes().clone())
        }
        Says::Present { place, entries } => (Kind::Present { place, entries }, Bytes::new()),
        Says::Absent { place, key, channel } => (Kind::Absent { place, key, channel }, Bytes::new()),
        Says::Begin => (Kind::Begin, Bytes::new()),
        Says::End => (Kind::End, Bytes::new()),
        Says::Alive { mark } => (Kind::Alive { mark }, Bytes::new()),
        Says::Hello { to } => (Kind::Hello { to }, Bytes::new()),
        Says::Gone => (Kind::Gone, Bytes::new()),
    };
    // Texts, numbers and JSON can always be written.
    let header = serde_json::to_vec(&Header {
        node: note.node,
        kind,
    })
    .unwrap_or_default();
    let mut bytes = BytesMut::with_capacity(4 + header.len() + payload.len());
    bytes.put_u32(u32::try_from(header.len()).unwrap_or(u32::MAX));
    bytes.put_slice(&header);
    bytes.put_slice(&payload);
    bytes.freeze()
}

/// Reads a note; `None` if it is none.
pub(crate) fn read(bytes: &Bytes) -> Option<Note> {
    let length = bytes
        .first_chunk::<4>()
        .map(|length| u32::from_be_bytes(*length))?;
    let end = usize::try_from(length).ok()?.checked_add(4)?;
    let header: Header = serde_json::from_slice(bytes.get(4..end)?).ok()?;
    let payload = || bytes.slice(end..);
    let says = match header.kind {
        Kind::Generic { place } => Says::Broadcast {
            place,
            broadcast: Broadcast::Generic(payload()),
        },
        Kind::User {
            place,
            event,
            is_binary,
            meta,
            id,
        } => {
            let body = if is_binary {
                Body::Binary(payload())
            } else {
                Body::Json(payload())
            };
            let broadcast = Broadcast::User {
                event,
                body,
                meta,
                id,
            };
            Says::Broadcast { place, broadcast }
        }
        Kind::Present { place, entries } => Says::Present { place, entries },
        Kind::Absent { place, key, channel } => Says::Absent { place, key, channel },
        Kind::Begin => Says::Begin,
        Kind::End => Says::End,
        Kind::Alive { mark } => Says::Alive { mark },
        Kind::Hello { to } => Says::Hello { to },
        Kind::Gone => Says::Gone,
    };
    Some(Note {
        node: header.node,
        says,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place() -> Place {
        Place {
            topic: "a:b".into(),
            is_private: true,
        }
    }

    #[test]
    fn notes_arrive_as_they_were_sent() {
        let generic = Broadcast::Generic(Bytes::from_static(b"{\"a\":1}"));
        let user = |body, meta: Option<&str>| Broadcast::User {
            event: "e".into(),
            body,
            meta: meta.map(Into::into),
            id: None,
        };
        let broadcasts = [
            generic,
            user(Body::Binary(Bytes::from_static(&[0, 255])), Some("{}")),
            user(Body::Json(Bytes::from_static(b"{}")), None),
        ];
        let entry = || Entry {
            key: "ann".into(),
            channel: u64::MAX,
            meta: Arc::new(json!({ "phx_ref": "r" }).as_object().unwrap().clone()),
        };
        let mut says: Vec<(Says, Says)> = vec![
            (Says::Begin, Says::Begin),
            (Says::End, Says::End),
            (Says::Gone, Says::Gone),
            (Says::Alive { mark: u64::MAX }, Says::Alive { mark: u64::MAX }),
            (Says::Hello { to: Some(1) }, Says::Hello { to: Some(1) }),
        ];
        for broadcast in broadcasts {
            let broadcast = || Says::Broadcast {
                place: place(),
                broadcast: broadcast.clone(),
            };
            says.push((broadcast(), broadcast()));
        }
        let present = || Says::Present {
            place: place(),
            entries: vec![entry(), entry()],
        };
        let absent = || Says::Absent {
            place: place(),
            key: "ann".into(),
            channel: 7,
        };
        says.extend([(present(), present()), (absent(), absent())]);
        for (sent, expected) in says {
            let bytes = write(Note {
                node: u64::MAX,
                says: sent,
            });
            let node = u64::MAX;
            assert_eq!(read(&bytes), Some(Note { node, says: expected }));
        }
    }

    #[test]
    fn other_bytes_are_no_notes() {
        for wrong in [&b""[..], b"abc", b"\xff\xff\xff\xff{}", b"\0\0\0\x02{}"] {
            assert!(read(&Bytes::from_static(wrong)).is_none());
        }
    }
}
