//! `GET /object/sign/:bucket/*?token=`: an object by its signed URL (§11).

use axum::response::Response;
use chrono::DateTime;
use http::request::Parts;

use crate::ask::Target;
use crate::error::{Result, StorageError};
use crate::reading::Reader;
use crate::signing::{self, Purpose};
use crate::state::State;

pub(super) async fn answer(state: &State, parts: &Parts, target: &Target) -> Result<Response> {
    let token = signing::token(parts)?;
    let signed = signing::check(state, &token, target, Purpose::Download)?;
    // Who may see a small picture may not see the whole one.
    if signed.transformations.is_some() {
        return Err(StorageError::InvalidSignature("Invalid signature".to_owned()));
    }
    let until = signed
        .expires
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    Reader::Signed(until).answer(state, parts, target).await
}
