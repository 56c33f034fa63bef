//! Protocols that this server does not speak yet say so in their own dialect (§12, §17).

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use crate::ask::Ask;
use crate::error::{Result, StorageError};

const ANALYTICS: StorageError = StorageError::NotSupported("Analytics buckets");

pub(in crate::routes) fn answer(ask: &Ask, area: &str, rest: Option<&str>) -> Result<Response> {
    match area {
        "iceberg" if rest.is_some_and(|rest| rest.starts_with("v1/")) => Ok(catalog()),
        "iceberg" => Err(ANALYTICS),
        "vector" => Err(StorageError::NotSupported("Vector buckets")),
        _ => Err(ask.no_route()),
    }
}

/// In the form of Iceberg's catalogs, of which clients read the message only there.
fn catalog() -> Response {
    let status = StatusCode::NOT_ACCEPTABLE;
    let error = json!({
        "message": ANALYTICS.to_string(),
        "type": "UnsupportedOperationException",
        "code": status.as_u16(),
    });
    (status, Json(json!({ "error": error }))).into_response()
}
