//! `GET /render/image/sign/:bucket/*?token=`: what the token says, whatever the query says (§11, §12).

use axum::response::Response;
use chrono::DateTime;
use http::request::Parts;

use crate::ask::Target;
use crate::error::Result;
use crate::images::Transform;
use crate::reading::Reader;
use crate::signing::{self, Purpose};
use crate::state::State;

pub(super) async fn answer(state: &State, parts: &Parts, target: &Target) -> Result<Response> {
    let token = signing::token(parts)?;
    let signed = signing::check(state, &token, target, Purpose::Download)?;
    let until = signed
        .expires
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let transform = Transform::of_claims(
        signed.transformations.as_deref(),
        signed.format.as_deref(),
        &state.config.images,
    );
    super::answer(state, parts, &Reader::Signed(until), target, &transform).await
}
