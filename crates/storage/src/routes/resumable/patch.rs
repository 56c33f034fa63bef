//! `PATCH`: takes the next bytes.

use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use futures_util::StreamExt;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

use super::{
    Answer, CHECKSUM, Found, LENGTH, OFFSET, Operation, Refusal, find, mark_complete, mark_expiry, number_of,
    refuse, terms,
};
use crate::ask::{Ask, Target};
use crate::error::StorageError;
use crate::incoming::timed;
use crate::permission;
use crate::resuming::{Checksum, Part, probe};
use crate::store::uploads::Resumable;
use crate::uploading::declared;

pub(super) async fn answer(ask: Ask, is_signed: bool, id: &str) -> Answer {
    let headers = &ask.parts.headers;
    let Some(offset) = number_of(headers, &OFFSET) else {
        return refuse(403, "Upload-Offset header required");
    };
    if !headers.contains_key(CONTENT_TYPE) {
        return refuse(403, "Content-Type header required");
    }
    let checksum = checksum(headers)?;
    let Found {
        scope,
        mut upload,
        lock,
    } = find((&ask.state, &ask.parts), is_signed, id, Operation::Part).await?;
    if offset != upload.offset {
        return refuse(409, "Upload-Offset conflict");
    }
    if upload.is_complete {
        return Ok(response(&upload));
    }
    if let Some(length) = number_of(headers, &LENGTH) {
        if upload.length.is_some_and(|known| known != length) || length < upload.offset {
            return refuse(400, "Upload-Length or Upload-Defer-Length header required");
        }
        upload.length = Some(length);
    }
    let target = Target {
        bucket: upload.bucket.clone(),
        key: upload.name.clone(),
    };
    let limit = terms::limit(&ask.state, &target, &upload.terms.mime).await?;
    if upload.length.is_some_and(|length| length > limit) {
        return Err(StorageError::TooLarge.into());
    }
    check_size(headers, &upload, limit)?;
    let probe = probe(&upload.bucket, &upload.name, &upload.terms, upload.length);
    let is_upsert = upload.terms.is_upsert;
    Box::pin(permission::may_write(&ask.state, &scope, &probe, is_upsert)).await?;
    let part = Part {
        state: ask.state,
        scope,
        upload,
        limit,
        lock,
        checksum,
        chunks: timed(ask.body).boxed(),
    };
    Ok(response(&part.take().await?))
}

fn response(upload: &Resumable) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(OFFSET, upload.offset.into());
    if upload.is_complete {
        mark_complete(&mut response);
    } else {
        mark_expiry(&mut response, upload.expires_at);
    }
    response
}

/// Refuses bytes that do not fit before they come.
pub(super) fn check_size(headers: &HeaderMap, upload: &Resumable, limit: u64) -> Result<(), Refusal> {
    let most = upload.length.unwrap_or(limit).saturating_sub(upload.offset);
    if declared(headers).is_some_and(|length| length > most) {
        return Err(StorageError::TooLarge.into());
    }
    Ok(())
}

/// `Upload-Checksum`, if there is one.
pub(super) fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Refusal> {
    let Some(header) = headers.get(CHECKSUM) else {
        return Ok(None);
    };
    let text = header.to_str().unwrap_or_default();
    let Some((algorithm, digest)) = text.split_once(' ') else {
        return refuse(400, "Invalid upload-checksum");
    };
    let Ok(expected) = BASE64.decode(digest.as_bytes()) else {
        return refuse(400, "Invalid upload-checksum");
    };
    match Checksum::new(algorithm, expected) {
        Some(checksum) => Ok(Some(checksum)),
        None => refuse(400, format!("Unsupported checksum algorithm: {algorithm}")),
    }
}
