//! `POST /recover`: a link to set a new password (auth.md 9.3). Unknown addresses get the same answer.

use std::time::Instant;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request, State as Shared};
use serde::Deserialize;
use serde_json::Value;

use super::existing::{self, Link};
use crate::captcha::Solved;
use crate::codes::Flow;
use crate::error::{AuthError, ErrorCode, Result};
use crate::limits::Limited;
use crate::model::address;
use crate::nobody::{self, Asked};
use crate::request::RequestInfo;
use crate::state::State;

#[derive(Deserialize)]
struct RecoverRequest {
    email: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

pub(in crate::routes) async fn send(Shared(state): Shared<State>, request: Request) -> Result<Json<Value>> {
    let started = Instant::now();
    let (mut parts, body) = request.into_parts();
    state.limits.check(Limited::Recover, &parts.headers)?;
    let info = RequestInfo::from_request_parts(&mut parts, &state).await?;
    let Solved(body) =
        Solved::<RecoverRequest>::from_request(Request::from_parts(parts, body), &state).await?;
    let Some(email) = body.email.filter(|email| !email.is_empty()) else {
        return Err(AuthError::validation("Password recovery requires an email"));
    };
    let email = address::email(&email)?;
    let flow = Flow::parse(
        body.code_challenge.as_deref(),
        body.code_challenge_method.as_deref(),
    )?;
    if !state.config.email.enabled {
        return Err(AuthError::bad_request(
            ErrorCode::EmailProviderDisabled,
            "Email logins are disabled",
        ));
    }
    if existing::send(&state, &info, &email, Link::Recovery, flow.as_ref()).await? {
        state.paces.recovery.record(started).await;
    } else {
        nobody::pretend(&state, Asked::Recovery, &email).await?;
        state.paces.recovery.imitate(started).await;
    }
    Ok(existing::empty())
}
