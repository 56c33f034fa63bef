//! Protocols that this server does not speak yet say so in their own dialect (§12, §13, §17).

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::ask::Ask;
use crate::error::{Result, StorageError};

pub(in crate::routes) fn answer(ask: &Ask, area: &str) -> Result<Response> {
    match area {
        "upload" => Ok((
            StatusCode::NOT_IMPLEMENTED,
            "Resumable uploads are not supported by this server",
        )
            .into_response()),
        "iceberg" => Err(StorageError::NotSupported("Analytics buckets")),
        "vector" => Err(StorageError::NotSupported("Vector buckets")),
        _ => Err(ask.no_route()),
    }
}
