//! `POST /passkeys/authentication/verify`: sign in with a passkey (auth.md 17.1).

use axum::extract::State as Shared;
use serde_json::json;

use super::{Enabled, VerifyRequest};
use crate::caller::banned;
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::aal::Method;
use crate::model::user::User;
use crate::passkeys::{Assertion, refused};
use crate::request::{Body, RequestInfo};
use crate::sign_in::{TokenResponse, open_session};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::passkeys::{self, ChallengeType};
use crate::store::users;

pub(super) async fn check(
    Shared(state): Shared<State>,
    _: Enabled,
    info: RequestInfo,
    Body(request): Body<VerifyRequest>,
) -> Result<TokenResponse> {
    let owner = (ChallengeType::Authentication, None);
    let (session_data, answer) = request.redeem(&state, owner).await?;
    let assertion = Assertion::read(&answer)?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let passkey = passkeys::find(&tx, assertion.credential_id())
        .await?
        .ok_or_else(|| refused("unknown credential"))?;
    let shown = assertion.verify(&state, &session_data, &passkey)?;
    let user = users::find(&tx, passkey.user_id)
        .await?
        .ok_or_else(|| refused("the user is gone"))?;
    check_user(&state, &user)?;
    if !passkeys::record_use(&tx, passkey.id, shown, state.now()).await? {
        return Err(refused("the counter went on meanwhile"));
    }
    let traits = json!({ "passkey_id": passkey.id });
    let login = audit::payload(Action::Login, &user, Some(traits));
    state.audit(&tx, &login, Some(info.ip)).await?;
    let response = open_session(&state, &tx, user, Method::Passkey, &info, None).await?;
    tx.commit().await?;
    Ok(response)
}

/// Only who has shown the passkey learns why it does not open anything.
fn check_user(state: &State, user: &User) -> Result<()> {
    if user.deleted_at.is_some() {
        return Err(AuthError::forbidden(ErrorCode::UserNotFound, "User not found"));
    }
    let is_pending = |address: &str, is_confirmed: bool| !address.is_empty() && !is_confirmed;
    if is_pending(user.email(), user.is_email_confirmed()) {
        return Err(AuthError::forbidden(
            ErrorCode::EmailNotConfirmed,
            "Email not confirmed",
        ));
    }
    if is_pending(user.phone(), user.is_phone_confirmed()) {
        return Err(AuthError::forbidden(
            ErrorCode::PhoneNotConfirmed,
            "Phone not confirmed",
        ));
    }
    if user.is_banned(state.now()) {
        return Err(banned());
    }
    Ok(())
}
