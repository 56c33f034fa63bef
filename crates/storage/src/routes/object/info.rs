//! `GET /object/info/…`: what is known of an object (§6).

use axum::Json;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use crate::ask::Target;
use crate::error::Result;
use crate::reading::Reader;
use crate::state::State;

pub(super) async fn answer(state: &State, reader: &Reader, target: &Target) -> Result<Response> {
    let object = reader.find(state, target).await?;
    Ok(Json(json!({
        "id": object.id,
        "name": target.key,
        "version": object.version,
        "bucket_id": target.bucket,
        "size": object.size(),
        "content_type": object.text("mimetype"),
        "cache_control": object.text("cacheControl"),
        "etag": object.text("eTag"),
        "metadata": object.user_metadata,
        "last_modified": iso(object.updated_at),
        "created_at": iso(object.created_at),
    }))
    .into_response())
}

fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
