//! The gateway's own endpoints.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use ferrobase_db::Executor;
use serde_json::json;

use super::Gateway;
use crate::listener::Peer;

/// Longest wait for the database's sign of life.
const PATIENCE: Duration = Duration::from_secs(3);

/// 200 when everything serves, the database included; 503 otherwise.
pub(super) async fn health(State(gateway): State<Gateway>) -> Response {
    let answer = tokio::time::timeout(PATIENCE, gateway.0.pool.query("select 1", &[])).await;
    if matches!(answer, Ok(Ok(_))) {
        Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") })).into_response()
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(json!({ "status": "database unavailable" })),
        )
            .into_response()
    }
}

/// Prometheus metrics, for this machine or the holder of the secret key. A forwarded request is not from this machine.
pub(super) async fn metrics(State(gateway): State<Gateway>, request: Request) -> Response {
    let is_local = request
        .extensions()
        .get::<Peer>()
        .is_some_and(|peer| peer.0.ip().is_loopback());
    let is_forwarded =
        request.headers().contains_key("x-forwarded-for") || request.headers().contains_key("forwarded");
    let is_trusted = is_local && !is_forwarded;
    if !(is_trusted || gateway.is_owner(&request)) {
        return super::refusal::wrong_key();
    }
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4")],
        gateway.0.metrics.render(),
    )
        .into_response()
}

/// The public keys of user tokens.
pub(super) async fn jwks(State(gateway): State<Gateway>) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "public, max-age=600"),
    ];
    (headers, gateway.0.tokens.jwks_json().to_string()).into_response()
}
