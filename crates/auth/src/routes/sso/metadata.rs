//! `GET /sso/saml/metadata`: what identity providers have to know about us (auth.md section 14).

use axum::extract::{Request, State as Shared};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;

use super::enabled;
use crate::error::Result;
use crate::request::query_value;
use crate::saml::metadata;
use crate::state::State;

pub(in crate::routes) async fn show(Shared(state): Shared<State>, request: Request) -> Result<Response> {
    let us = enabled(&state)?;
    let (parts, _) = request.into_parts();
    // While keys are exchanged, the next one has to arrive everywhere soon.
    let cached = if us.is_rotating() {
        "public, max-age=60"
    } else {
        "public, max-age=600"
    };
    let headers = [(CONTENT_TYPE, "application/xml"), (CACHE_CONTROL, cached)];
    if query_value(&parts, "download").as_deref() != Some("true") {
        return Ok((headers, metadata::of(us, None)).into_response());
    }
    // A file is kept: it says until when it may be.
    let until = state.now() + TimeDelta::days(5 * 365);
    let name = [(CONTENT_DISPOSITION, "attachment; filename=\"metadata.xml\"")];
    Ok((headers, name, metadata::of(us, Some(until))).into_response())
}
