//! `OPTIONS`: what this server can do.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};

use super::VERSION;
use crate::resuming::Checksum;
use crate::state::State;

const EXTENSIONS: &str =
    "creation,creation-with-upload,creation-defer-length,termination,expiration,checksum";
const METHODS: &str = "POST, GET, HEAD, PATCH, DELETE, OPTIONS";
/// What pages of other origins may send; they are answered by the gateway if they ask as browsers do.
const ALLOWED: &str = "Authorization, ApiKey, X-Upsert, x-signature, Content-Type, X-Client-Info, X-HTTP-Method-Override, \
     X-Requested-With, X-Request-ID, Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Defer-Length, \
     Upload-Expires, Upload-Checksum";

pub(super) fn answer(state: &State) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert("tus-version", VERSION);
    headers.insert("tus-extension", HeaderValue::from_static(EXTENSIONS));
    headers.insert("tus-max-size", state.config.file_size_limit.into());
    let algorithms = HeaderValue::from_static(Checksum::ALGORITHMS);
    headers.insert("tus-checksum-algorithm", algorithms);
    headers.insert("access-control-allow-methods", HeaderValue::from_static(METHODS));
    headers.insert("access-control-allow-headers", HeaderValue::from_static(ALLOWED));
    headers.insert("access-control-max-age", HeaderValue::from_static("86400"));
    response
}
