//! `GET /object/sign/:bucket/*?token=`: an object by its signed URL (§11).

use axum::response::Response;
use chrono::DateTime;
use http::request::Parts;

use crate::ask::Target;
use crate::error::Result;
use crate::reading::Reader;
use crate::signing::{self, Purpose};
use crate::state::State;

pub(super) async fn answer(state: &State, parts: &Parts, target: &Target) -> Result<Response> {
    let token = signing::token(parts)?;
    let signed = signing::check(state, &token, target, Purpose::Download)?;
    let until = signed
        .expires
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    Reader::Signed(until).answer(state, parts, target).await
}
