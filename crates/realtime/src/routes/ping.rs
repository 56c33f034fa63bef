//! `GET /api/ping`.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

pub(super) fn answer() -> Response {
    Json(json!({ "message": "Success" })).into_response()
}
