//! Paths of services that ferrobase will have and has not yet: they say so.

use axum::Json;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;

pub(super) const PREFIXES: [&str; 2] = ["/graphql/v1", "/functions/v1"];

pub(super) async fn answer(uri: Uri) -> Response {
    let service = uri.path().split('/').nth(1).unwrap_or_default();
    let message = format!("this version of ferrobase does not serve /{service}/v1 yet");
    (
        StatusCode::NOT_IMPLEMENTED,
        Json(json!({ "message": message, "code": "not_implemented" })),
    )
        .into_response()
}
