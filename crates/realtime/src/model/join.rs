//! What a client asks for when it joins (§4.2).

use serde_json::{Map, Value};

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The payload of a join, as far as it could be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Join {
    /// `access_token`, or the older `user_token`.
    pub token: Option<String>,
    /// The sender gets its own broadcasts.
    pub echo: bool,
    /// Broadcasts are acknowledged.
    pub ack: bool,
    /// Tell when broadcasts from the database arrive.
    pub replication_ready: bool,
    /// What is asked of the past.
    pub replay: Option<Replay>,
    /// Presence is on; `None` if the join does not say.
    pub presence: Option<bool>,
    /// Key of presence.
    pub key: Option<String>,
    /// Subscriptions of database changes, as sent.
    pub bindings: Vec<Value>,
    /// The channel is private.
    pub is_private: bool,
}

/// What is asked of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// As it should be.
    Since {
        /// Unix milliseconds.
        since: i64,
        /// How many.
        limit: u8,
    },
    /// It makes no sense.
    Wrong,
}

/// Most messages of the past.
const MOST_REPLAYED: i64 = 25;

impl Join {
    /// Reads what can be read; the rest has its defaults.
    pub fn read(payload: &[u8]) -> Self {
        let Ok(Value::Object(payload)) = serde_json::from_slice::<Value>(payload) else {
            return Self::default();
        };
        let empty = Map::new();
        let object = |map: &'_ Map<String, Value>, name: &str| -> Map<String, Value> {
            map.get(name).and_then(Value::as_object).unwrap_or(&empty).clone()
        };
        let config = object(&payload, "config");
        let (broadcast, presence) = (object(&config, "broadcast"), object(&config, "presence"));
        Self {
            token: token(&payload),
            echo: flag(&broadcast, "self").unwrap_or_default(),
            ack: flag(&broadcast, "ack").unwrap_or_default(),
            replication_ready: flag(&broadcast, "replication_ready").unwrap_or_default(),
            replay: broadcast.get("replay").and_then(replay),
            presence: flag(&presence, "enabled"),
            key: presence.get("key").and_then(key),
            bindings: config
                .get("postgres_changes")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter(|binding| !binding.is_null())
                .cloned()
                .collect(),
            is_private: flag(&config, "private").unwrap_or_default(),
        }
    }
}

/// The token that counts; `None` for the socket's.
fn token(payload: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    let (user, access) = (text("user_token"), text("access_token"));
    if access.or(user).is_some_and(|first| first.starts_with("sb_")) {
        return None;
    }
    user.or(access).map(ToOwned::to_owned)
}

/// A boolean, which may be a text in any case.
fn flag(map: &Map<String, Value>, name: &str) -> Option<bool> {
    match map.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn replay(value: &Value) -> Option<Replay> {
    if value.is_null() {
        return None;
    }
    let whole = |name: &str| value.get(name).filter(|value| !value.is_null());
    let since = whole("since").and_then(Value::as_i64);
    let limit = match whole("limit") {
        None => Some(MOST_REPLAYED),
        Some(limit) => limit.as_i64(),
    };
    Some(match (since, limit) {
        (Some(since), Some(limit)) => Replay::Since {
            since,
            limit: u8::try_from(limit.clamp(1, MOST_REPLAYED)).unwrap_or(1),
        },
        _ => Replay::Wrong,
    })
}

/// A key is a text; other values count as their JSON.
fn key(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The id of a binding: 27 bits, equal for equal bindings.
pub fn binding_id(binding: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    binding.to_string().hash(&mut hasher);
    hasher.finish() & 0x07ff_ffff
}

/// The bindings as the answer to a join lists them: as they were sent, each with its id.
pub fn with_ids(bindings: &[Value]) -> Vec<Value> {
    let with_id = |binding: &Value| {
        let id = binding_id(binding);
        match binding.clone() {
            Value::Object(mut members) => {
                members.insert("id".to_owned(), id.into());
                Value::Object(members)
            }
            other => other,
        }
    };
    bindings.iter().map(with_id).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(payload: &Value) -> Join {
        Join::read(payload.to_string().as_bytes())
    }

    #[test]
    fn everything_has_a_default() {
        for payload in [json!(null), json!([]), json!({}), json!({ "config": 1 })] {
            assert_eq!(read(&payload), Join::default(), "{payload}");
        }
        let odd = json!({ "config": { "broadcast": { "self": "TRUE", "ack": 1 }, "presence": { "enabled": "False", "key": 5 }, "private": true,
            "postgres_changes": [null, { "event": "*" }] } });
        let join = read(&odd);
        assert!(join.echo && !join.ack && join.is_private);
        assert_eq!((join.presence, join.key.as_deref()), (Some(false), Some("5")));
        assert_eq!(join.bindings, [json!({ "event": "*" })]);
    }

    #[test]
    fn which_token_counts() {
        let of = |payload: Value| read(&payload).token;
        assert_eq!(
            of(json!({ "access_token": "a", "user_token": "u" })).as_deref(),
            Some("u")
        );
        assert_eq!(
            of(json!({ "access_token": "a", "user_token": 1 })).as_deref(),
            Some("a")
        );
        assert_eq!(
            of(json!({ "access_token": "sb_publishable_x", "user_token": "u" })),
            None
        );
        assert_eq!(of(json!({ "user_token": "sb_x" })), None);
        assert_eq!(of(json!({})), None);
    }

    #[test]
    fn what_is_asked_of_the_past() {
        let of = |replay: Value| read(&json!({ "config": { "broadcast": { "replay": replay } } })).replay;
        assert_eq!(
            of(json!({ "since": 5 })),
            Some(Replay::Since { since: 5, limit: 25 })
        );
        assert_eq!(
            of(json!({ "since": 5, "limit": 99 })),
            Some(Replay::Since { since: 5, limit: 25 })
        );
        assert_eq!(
            of(json!({ "since": 5, "limit": 0 })),
            Some(Replay::Since { since: 5, limit: 1 })
        );
        assert_eq!(of(json!({ "since": "5" })), Some(Replay::Wrong));
        assert_eq!(of(json!({ "since": 5, "limit": 1.5 })), Some(Replay::Wrong));
        assert_eq!(of(json!(null)), None);
    }

    #[test]
    fn bindings_are_echoed() {
        let bindings = [
            json!({ "schema": "public", "event": "insert" }),
            json!({ "event": "*", "table": null }),
            json!({ "schema": "public", "event": "insert" }),
        ];
        let listed = with_ids(&bindings);
        assert_eq!(listed[0]["id"], listed[2]["id"]);
        assert_ne!(listed[0]["id"], listed[1]["id"]);
        assert!(listed[0]["id"].as_u64().is_some_and(|id| id < 1 << 27));
        assert!(
            listed[0]
                .to_string()
                .starts_with("{\"schema\":\"public\",\"event\":\"insert\",\"id\":")
        );
    }
}
