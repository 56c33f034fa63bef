//! `GET /user`: the caller (auth.md section 10). One read, which checks the session too.

use axum::Json;
use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::http::request::Parts;

use crate::caller::{Authenticated, UserOrClient};
use crate::error::{AuthError, Result};
use crate::model::user::User;
use crate::request::audience;
use crate::state::State;

pub(in crate::routes) async fn show(Shared(state): Shared<State>, request: Request) -> Result<Json<User>> {
    let (mut parts, _) = request.into_parts();
    let UserOrClient(caller) = UserOrClient::from_request_parts(&mut parts, &state).await?;
    check_audience(&parts, &state, &caller)?;
    Ok(Json(caller.user))
}

/// A token for one audience does not work for another.
pub(super) fn check_audience(parts: &Parts, state: &State, caller: &Authenticated) -> Result<()> {
    if caller.bearer.claims.aud().unwrap_or_default() == audience(parts, state) {
        return Ok(());
    }
    let message = "Token audience doesn't match request audience";
    Err(AuthError::validation(message))
}
