//! `GET /object/info/…`: what is known of an object (§6).

use axum::Json;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use http::header::CACHE_CONTROL;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use serde_json::json;

use crate::ask::Target;
use crate::error::Result;
use crate::reading::{Reader, describe, echo_transform};
use crate::state::State;

pub(super) async fn answer(
    state: &State,
    parts: &Parts,
    reader: &Reader,
    target: &Target,
) -> Result<Response> {
    let object = reader.find(state, target).await?;
    let mut headers = HeaderMap::new();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    describe(&object, &mut headers)?;
    echo_transform(state, parts, &mut headers)?;
    let known = json!({
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
    });
    Ok((headers, Json(known)).into_response())
}

fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
