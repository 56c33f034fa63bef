//! `POST /passkeys/registration/options`: ask for a new passkey (auth.md 17.1).

use axum::Json;
use axum::extract::State as Shared;

use super::{Enabled, OptionsResponse, Registrant, is_full, issue, too_many};
use crate::error::Result;
use crate::model::user::User;
use crate::passkeys as ceremonies;
use crate::request::RequestInfo;
use crate::state::State;
use crate::store::passkeys::{self, ChallengeType};

/// What the hook before enrolments is told.
const KIND: &str = "passkey";

/// The body is not looked at.
pub(super) async fn create(
    Shared(state): Shared<State>,
    _: Enabled,
    info: RequestInfo,
    Registrant(caller): Registrant,
) -> Result<Json<OptionsResponse>> {
    let existing = passkeys::credential_ids(&state.pool.reads(), caller.user.id).await?;
    if is_full(&state, existing.len()) {
        return Err(too_many());
    }
    ask_hook(&state, &caller.user, &info).await?;
    let ceremony = ceremonies::start_registration(&state, &caller.user, &existing)?;
    let owner = (ChallengeType::Registration, Some(caller.user.id));
    Ok(Json(issue(&state, owner, ceremony).await?))
}

/// Before the browser is asked: a refusal afterwards would leave a useless passkey on the authenticator.
async fn ask_hook(state: &State, user: &User, info: &RequestInfo) -> Result<()> {
    if !state.hooks.has_before_mfa_enrollment() {
        return Ok(());
    }
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    state
        .hooks
        .before_mfa_enrollment(&tx, &user.to_value(), KIND, None, info.ip)
        .await?;
    tx.commit().await?;
    Ok(())
}
