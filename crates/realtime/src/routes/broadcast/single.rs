//! `POST /api/broadcast/{topic}/events/{event}`: one message, JSON or bytes (§5.3).

use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::de::IgnoredAny;
use serde_json::json;

use super::{RATE_EXCEEDED, identity, with_rate};
use crate::error::RestError;
use crate::model::broadcast::{Body, Broadcast};
use crate::routes::websocket::own_headers;
use crate::state::State;

pub(in crate::routes) async fn answer(state: State, request: Request, topic: &str, event: &str) -> Response {
    let answered = handle(&state, request, topic, event).await;
    let response = answered.map_or_else(IntoResponse::into_response, IntoResponse::into_response);
    with_rate(&state, response)
}

async fn handle(state: &State, request: Request, topic: &str, event: &str) -> Result<StatusCode, RestError> {
    let (parts, body) = request.into_parts();
    let identity = identity(state, &parts.headers)?;
    let is_binary = is_binary(&parts)?;
    let (topic, event) = (decoded(topic, "topic")?, decoded(event, "event")?);
    let events = &state.hub().events;
    if events.is_over() {
        return Err(RestError::Rate(RATE_EXCEEDED));
    }
    let body = super::body(body).await?;
    if body.len() > state.config.limits.payload_bytes {
        return Err(RestError::Invalid(
            json!({ "payload": ["Payload size exceeds tenant limit"] }),
        ));
    }
    let body = match is_binary {
        true => Body::Binary(body),
        false if body.is_empty() => Body::Json(b"{}".as_slice().into()),
        false => {
            serde_json::from_slice::<IgnoredAny>(&body).map_err(|_| RestError::BadBody)?;
            Body::Json(body)
        }
    };
    let is_private = is_private(&parts);
    if is_private {
        let visitor = identity.visitor(topic.as_str().into(), own_headers(&parts.headers).into());
        let writable = state
            .authorizer
            .may_write(visitor)
            .await
            .map_err(RestError::Refused)?;
        if !writable.broadcast {
            return Err(RestError::Unauthorized(StatusCode::FORBIDDEN));
        }
    }
    events.count(1);
    let broadcast = Broadcast::User {
        event: Arc::from(event),
        body,
        meta: None,
        id: None,
    };
    state.hub().publish(&topic, is_private, &broadcast);
    Ok(StatusCode::ACCEPTED)
}

fn is_binary(parts: &Parts) -> Result<bool, RestError> {
    let Some(kind) = parts.headers.get(CONTENT_TYPE) else {
        return Ok(false);
    };
    let kind = kind
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    match kind.trim().to_ascii_lowercase().as_str() {
        "" | "application/json" => Ok(false),
        "application/octet-stream" => Ok(true),
        _ => Err(RestError::MediaType),
    }
}

fn is_private(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "private" && value == "true")
}

fn decoded(part: &str, name: &str) -> Result<String, RestError> {
    let text = percent_decode_str(part)
        .decode_utf8()
        .map_err(|_| RestError::Invalid(json!({ name: ["is invalid"] })))?;
    if text.trim().is_empty() {
        return Err(RestError::Invalid(json!({ name: ["can't be blank"] })));
    }
    Ok(text.into_owned())
}
