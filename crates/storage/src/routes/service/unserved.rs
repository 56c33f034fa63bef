//! Protocols that this server does not speak yet say so in their own dialect (§12, §17).

use axum::response::Response;

use crate::ask::Ask;
use crate::error::{Result, StorageError};

pub(in crate::routes) fn answer(ask: &Ask, area: &str) -> Result<Response> {
    match area {
        "iceberg" => Err(StorageError::NotSupported("Analytics buckets")),
        "vector" => Err(StorageError::NotSupported("Vector buckets")),
        _ => Err(ask.no_route()),
    }
}
