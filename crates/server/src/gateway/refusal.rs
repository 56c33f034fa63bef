//! The gateway's own answers.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// No key at all.
pub(super) fn no_key() -> Response {
    let body = json!({
        "message": "No API key found in request",
        "hint": "No `apikey` request header or url param was found.",
    });
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

/// A key that is none of ours.
pub(super) fn wrong_key() -> Response {
    let body = json!({
        "message": "Invalid API key",
        "hint": "Double check your Supabase `anon` or `service_role` API key.",
    });
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

/// No service has this path.
pub(super) async fn no_route() -> Response {
    (
        StatusCode::NOT_FOUND,
        Json(json!({ "message": "no Route matched with those values" })),
    )
        .into_response()
}
