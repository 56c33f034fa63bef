//! `GET /authorize`: to a provider's sign-in page (auth.md 12.1). Refusals are JSON, not redirects.

use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use uuid::Uuid;

use crate::error::{AuthError, Result};
use crate::redirects;
use crate::request::{RequestInfo, query_value};
use crate::state::State;

pub(in crate::routes) async fn redirect(Shared(state): Shared<State>, request: Request) -> Result<Response> {
    let (mut parts, _) = request.into_parts();
    let info = RequestInfo::from_request_parts(&mut parts, &state).await?;
    let url = begin(&state, &info, &parts, None).await?;
    redirects::answer(StatusCode::FOUND, &url)
}

/// Begins a flow and says where the browser has to go. `linking_target` is the user that the identity will be linked to.
#[allow(clippy::unused_async, reason = "the provider's part writes the flow")]
pub(in crate::routes) async fn begin(
    state: &State,
    _info: &RequestInfo,
    parts: &Parts,
    _linking_target: Option<Uuid>,
) -> Result<String> {
    let name = query_value(parts, "provider").unwrap_or_default().to_lowercase();
    let unsupported = |why: String| AuthError::validation(format!("Unsupported provider: {why}"));
    if !state.config.external.providers.contains_key(&name) {
        return Err(unsupported(format!("Provider {name} could not be found")));
    }
    Err(unsupported("provider is not enabled".to_owned()))
}
