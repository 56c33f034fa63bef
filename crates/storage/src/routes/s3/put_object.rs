//! `PUT /:bucket/:key`: makes an object, or replaces it.

use axum::response::Response;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};

use crate::ask::Target;
use crate::error::{Result, StorageError};
use crate::incoming::Incoming;
use crate::model::rules::is_media_type;
use crate::s3::answer::{empty, value};
use crate::s3::call::Call;
use crate::s3::fault::Fault;
use crate::s3::metadata;
use crate::state::State;
use crate::store::buckets::{self, Bucket};
use crate::uploading::{PLACEHOLDER, Upload};

pub(super) async fn answer(mut call: Call, mut target: Target) -> Result<Response> {
    let scope = call.scope("storage.s3.upload");
    if call.header("if-match").is_some() {
        return Err(Fault::NotImplemented("if-match".to_owned()).into());
    }
    let is_upsert = match call.header("if-none-match") {
        None => true,
        Some("*") => false,
        Some(_) => return Err(Fault::NotImplemented("if-none-match with a tag".to_owned()).into()),
    };
    let payload = call.take_payload()?;
    if target.key.ends_with('/') && payload.length == Some(0) {
        target.key.push_str(PLACEHOLDER);
    }
    let bucket = find(&call, &target.bucket).await?;
    let incoming = Incoming {
        mime: mime(&call)?,
        cache_control: call
            .header(CACHE_CONTROL.as_str())
            .unwrap_or("no-cache")
            .to_owned(),
        robots: None,
        user_metadata: Some(metadata::sent(&call.parts.headers)?),
        is_form: false,
        chunks: payload.chunks,
    };
    let upload = Upload {
        target,
        owner_id: scope.caller.sub.clone(),
        scope,
        is_upsert,
    };
    let saved = Box::pin(upload.save(&call.state, &bucket, incoming, payload.length)).await;
    let saved = saved.map_err(|error| match error {
        StorageError::KeyAlreadyExists => Fault::Precondition.into(),
        other => other,
    })?;
    let mut response = empty(StatusCode::OK);
    if let Some(etag) = value(&format!("\"{}\"", saved.md5)) {
        response.headers_mut().insert(ETAG, etag);
    }
    Ok(response)
}

/// The bucket; in this protocol a limit of 0 is none.
pub(super) async fn find(call: &Call, bucket: &str) -> Result<Bucket> {
    self::bucket(&call.state, bucket).await
}

/// The same without a call.
pub(super) async fn bucket(state: &State, bucket: &str) -> Result<Bucket> {
    let mut bucket = buckets::find(&state.pool.reads(), bucket).await?;
    bucket.file_size_limit = bucket.file_size_limit.filter(|limit| *limit != 0);
    Ok(bucket)
}

/// The type that the request says.
pub(super) fn mime(call: &Call) -> Result<String> {
    match call.header(CONTENT_TYPE.as_str()).filter(|mime| !mime.is_empty()) {
        Some(mime) if !is_media_type(mime) => Err(StorageError::ContentType),
        Some(mime) => Ok(mime.to_owned()),
        None => Ok("application/octet-stream".to_owned()),
    }
}
