//! The route table.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::Method;

use crate::error::RestError;
use crate::state::State;

mod broadcast;
mod ping;
mod websocket;

/// Answers every request of the service, whose paths begin at the root (`/realtime/v1` behind the gateway).
pub async fn answer(state: State, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let is_post = request.method() == Method::POST;
    match parts[..] {
        ["websocket"] | ["socket", "websocket"] => websocket::answer(state, request).await,
        ["api", "broadcast"] if is_post => broadcast::batch::answer(state, request).await,
        ["api", "broadcast", topic, "events", event] if is_post => {
            broadcast::single::answer(state, request, topic, event).await
        }
        ["api", "broadcast"] | ["api", "broadcast", _, "events", _] => RestError::Method.into_response(),
        ["api", "ping"] => ping::answer(),
        _ => RestError::NotFound.into_response(),
    }
}
