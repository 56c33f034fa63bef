//! `GET /user`: the caller (auth.md section 10). One read, which checks the session too.

use axum::Json;
use axum::extract::{FromRequestParts, Request, State as Shared};

use crate::caller::Authenticated;
use crate::error::{AuthError, Result};
use crate::model::user::User;
use crate::request::RequestInfo;
use crate::state::State;

pub(in crate::routes) async fn show(Shared(state): Shared<State>, request: Request) -> Result<Json<User>> {
    let (mut parts, _) = request.into_parts();
    let caller = Authenticated::from_request_parts(&mut parts, &state).await?;
    check_audience(&mut parts, &state, &caller).await?;
    Ok(Json(caller.user))
}

/// A token for one audience does not work for another.
pub(super) async fn check_audience(
    parts: &mut axum::http::request::Parts,
    state: &State,
    caller: &Authenticated,
) -> Result<RequestInfo> {
    let info = RequestInfo::from_request_parts(parts, state).await?;
    let audience = caller.bearer.claims.aud().unwrap_or_default();
    if audience != info.audience {
        return Err(AuthError::validation(
            "Token audience doesn't match request audience",
        ));
    }
    Ok(info)
}
