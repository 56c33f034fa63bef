//! `GET /health` (auth.md section 11).

use axum::Json;
use serde_json::{Value, json};

/// Who answers. The name is the original's: clients look for it.
pub(in crate::routes) async fn show() -> Json<Value> {
    Json(json!({
        "version": concat!("ferrobase-", env!("CARGO_PKG_VERSION")),
        "name": "GoTrue",
        "description": "GoTrue is a user registration and authentication API",
    }))
}
