//! `POST /passkeys/authentication/options`: ask for a passkey of anybody (auth.md 17.1). Nobody is named, so nothing
//! tells who has an account.

use axum::Json;
use axum::extract::{Request, State as Shared};

use super::{Enabled, OptionsResponse, issue};
use crate::captcha;
use crate::error::Result;
use crate::limits::Limited;
use crate::passkeys as ceremonies;
use crate::request::bytes;
use crate::state::State;
use crate::store::passkeys::ChallengeType;

/// Of the body only the CAPTCHA's solution counts.
pub(super) async fn create(
    Shared(state): Shared<State>,
    _: Enabled,
    request: Request,
) -> Result<Json<OptionsResponse>> {
    let (mut parts, body) = request.into_parts();
    state.limits.check(Limited::PasskeyOptions, &parts.headers)?;
    let body = bytes(Request::from_parts(parts.clone(), body)).await?;
    captcha::check(&state, &mut parts, &body).await?;
    let ceremony = ceremonies::start_authentication(&state)?;
    let owner = (ChallengeType::Authentication, None);
    Ok(Json(issue(&state, owner, ceremony).await?))
}
