//! `GET /user/identities/authorize`: to a provider, whose identity the caller will be linked to (auth.md section 13).

use axum::Json;
use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::check_enabled;
use crate::caller::Authenticated;
use crate::error::Result;
use crate::redirects;
use crate::request::{RequestInfo, query_value};
use crate::routes::external::authorize;
use crate::state::State;

pub(in crate::routes) async fn redirect(Shared(state): Shared<State>, request: Request) -> Result<Response> {
    let (mut parts, _) = request.into_parts();
    let caller = Authenticated::from_request_parts(&mut parts, &state).await?;
    check_enabled(&state)?;
    let info = RequestInfo::from_request_parts(&mut parts, &state).await?;
    let url = authorize::begin(&state, &info, &parts, Some(caller.user.id)).await?;
    // A page cannot read where a redirect leads: the official client asks for the address and goes there itself.
    if query_value(&parts, "skip_http_redirect").as_deref() == Some("true") {
        return Ok(Json(json!({ "url": url })).into_response());
    }
    redirects::answer(StatusCode::FOUND, &url)
}
