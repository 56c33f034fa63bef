//! `POST /api/broadcast`: several messages, all or none (§5.2).

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{RATE_EXCEEDED, identity, with_rate};
use crate::error::RestError;
use crate::meters::dropped;
use crate::model::broadcast::Broadcast;
use crate::routes::websocket::own_headers;
use crate::state::State;
use crate::wire::encode;

pub(in crate::routes) async fn answer(state: State, request: Request) -> Response {
    let answered = handle(&state, request).await;
    let response = answered.map_or_else(IntoResponse::into_response, IntoResponse::into_response);
    with_rate(&state, response)
}

/// A message that can be sent.
struct Message {
    topic: String,
    is_private: bool,
    broadcast: Broadcast,
}

async fn handle(state: &State, request: Request) -> Result<StatusCode, RestError> {
    let (parts, body) = request.into_parts();
    let identity = identity(state, &parts.headers)?;
    let events = &state.hub().events;
    if events.is_over() {
        return Err(RestError::Rate(RATE_EXCEEDED));
    }
    let body = super::body(body).await?;
    let body: Value = serde_json::from_slice(&body).map_err(|_| RestError::BadBody)?;
    let messages = read(&body, state.config.limits.payload_bytes)?;
    if events.would_exceed(messages.len() as u64) {
        return Err(RestError::Rate(
            "Too many messages to broadcast, please reduce the batch size",
        ));
    }
    let headers: Arc<str> = own_headers(&parts.headers).into();
    let mut allowed: HashMap<String, bool> = HashMap::new();
    for message in messages {
        if message.is_private {
            let known = allowed.get(&message.topic).copied();
            let is_allowed = match known {
                Some(known) => known,
                None => {
                    let visitor = identity.visitor(message.topic.as_str().into(), Arc::clone(&headers));
                    // Without a verdict nothing is sent; the answer does not tell.
                    let verdict = state.authorizer.may_write(visitor).await;
                    let is_allowed = verdict.is_ok_and(|writable| writable.broadcast);
                    allowed.insert(message.topic.clone(), is_allowed);
                    is_allowed
                }
            };
            if !is_allowed {
                dropped("unauthorized", 1);
                continue;
            }
        }
        events.count(1);
        state
            .hub()
            .publish(&message.topic, message.is_private, &message.broadcast);
    }
    Ok(StatusCode::ACCEPTED)
}

fn read(body: &Value, limit: usize) -> Result<Vec<Message>, RestError> {
    let blank = || json!(["can't be blank"]);
    let given = match body.get("messages") {
        None | Some(Value::Null) => return Err(RestError::Invalid(json!({ "messages": blank() }))),
        Some(Value::Array(given)) => given,
        Some(_) => return Err(RestError::Invalid(json!({ "messages": ["is invalid"] }))),
    };
    let read: Vec<Result<Message, Map<String, Value>>> =
        given.iter().map(|message| one(message, limit)).collect();
    if read.iter().any(Result::is_err) {
        let errors = read
            .into_iter()
            .map(|message| Value::Object(message.err().unwrap_or_default()));
        return Err(RestError::Invalid(
            json!({ "messages": errors.collect::<Vec<_>>() }),
        ));
    }
    Ok(read.into_iter().flatten().collect())
}

fn one(message: &Value, limit: usize) -> Result<Message, Map<String, Value>> {
    let mut errors = Map::new();
    let mut wrong = |name: &str, what: &str| errors.insert(name.to_owned(), json!([what]));
    let mut text = |name: &str| match message.get(name) {
        Some(Value::String(text)) if !text.trim().is_empty() => text.clone(),
        None | Some(Value::Null | Value::String(_)) => {
            wrong(name, "can't be blank");
            String::new()
        }
        Some(_) => {
            wrong(name, "is invalid");
            String::new()
        }
    };
    let (topic, event) = (text("topic"), text("event"));
    let payload = match message.get("payload") {
        None | Some(Value::Null) => {
            wrong("payload", "can't be blank");
            String::new()
        }
        Some(payload @ Value::Object(_)) => payload.to_string(),
        Some(_) => {
            wrong("payload", "is invalid");
            String::new()
        }
    };
    if payload.len() > limit {
        wrong("payload", "Payload size exceeds tenant limit");
    }
    let is_private = match message.get("private") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(is_private)) => *is_private,
        Some(_) => {
            wrong("private", "is invalid");
            false
        }
    };
    if !errors.is_empty() {
        return Err(errors);
    }
    let id = message.get("id").filter(|id| !id.is_null());
    let meta = id.map(|id| json!({ "id": id }).to_string());
    let object = encode::as_object(&event, meta.as_deref(), payload.as_bytes()).unwrap_or_default();
    Ok(Message {
        topic,
        is_private,
        broadcast: Broadcast::Generic(object.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_message_refuses_all() {
        let good = json!({ "topic": "t", "event": "e", "payload": {} });
        let body = json!({ "messages": [good, { "topic": "t" }, { "topic": 1, "event": "e", "payload": [], "private": "x" }, 5] });
        let blank = json!(["can't be blank"]);
        let invalid = json!(["is invalid"]);
        let errors = read(&body, 100).err();
        assert_eq!(
            errors,
            Some(RestError::Invalid(json!({ "messages": [
                {},
                { "event": blank, "payload": blank },
                { "topic": invalid, "payload": invalid, "private": invalid },
                { "topic": blank, "event": blank, "payload": blank },
            ] })))
        );
        assert_eq!(
            read(&json!({}), 100).err(),
            Some(RestError::Invalid(json!({ "messages": blank })))
        );
        let big =
            json!({ "messages": [{ "topic": "t", "event": "e", "payload": { "a": "x".repeat(100) } }] });
        assert_eq!(
            read(&big, 100).err(),
            Some(RestError::Invalid(
                json!({ "messages": [{ "payload": ["Payload size exceeds tenant limit"] }] })
            ))
        );
        assert!(read(&json!({ "messages": [good] }), 100).is_ok_and(|messages| messages.len() == 1));
    }
}
