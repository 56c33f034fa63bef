//! `HEAD`: how far an upload is. Whoever asks wants to go on: a writer whose client is gone lets go first, so that the answer
//! stays true.

use axum::response::IntoResponse;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};

use super::{Answer, DEFER_LENGTH, LENGTH, METADATA, OFFSET, Operation, find, mark_expiry};
use crate::ask::Ask;

pub(super) async fn answer(ask: Ask, is_signed: bool, id: &str) -> Answer {
    let upload = find((&ask.state, &ask.parts), is_signed, id, Operation::Get)
        .await?
        .upload;
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(OFFSET, upload.offset.into());
    match upload.length {
        Some(length) => headers.insert(LENGTH, length.into()),
        None => headers.insert(DEFER_LENGTH, HeaderValue::from_static("1")),
    };
    if let Ok(value) = HeaderValue::from_str(&upload.terms.header) {
        headers.insert(METADATA, value);
    }
    if !upload.is_complete {
        mark_expiry(&mut response, upload.expires_at);
    }
    Ok(response)
}
