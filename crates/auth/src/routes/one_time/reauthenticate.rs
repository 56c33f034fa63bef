//! `GET /reauthenticate`: a nonce for a change of password (auth.md 9.5).

use axum::Json;
use axum::extract::State as Shared;
use serde_json::{Value, json};

use super::existing::empty;
use crate::caller::{self, Authenticated};
use crate::codes::Issuer;
use crate::error::{AuthError, ErrorCode, Result};
use crate::request::RequestInfo;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::users;

pub(in crate::routes) async fn send(
    Shared(state): Shared<State>,
    caller: Authenticated,
    info: RequestInfo,
) -> Result<Json<Value>> {
    let user = &caller.user;
    if user.email().is_empty() && user.phone().is_empty() {
        return Err(AuthError::validation(
            "Reauthentication requires the user to have an email or a phone number",
        ));
    }
    if !user.email().is_empty() && !user.is_email_confirmed() {
        return Err(AuthError::unprocessable(
            ErrorCode::EmailNotConfirmed,
            "Please verify your email first.",
        ));
    }
    if user.email().is_empty() && !user.is_phone_confirmed() {
        return Err(AuthError::unprocessable(
            ErrorCode::PhoneNotConfirmed,
            "Please verify your phone first.",
        ));
    }
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let mut user = users::lock(&tx, user.id)
        .await?
        .ok_or_else(caller::missing_user)?;
    let message_id = Issuer {
        state: &state,
        tx: &tx,
        info: &info,
        flow: None,
    }
    .reauthentication(&mut user)
    .await?;
    users::save(&tx, &mut user, state.now()).await?;
    state
        .audit(
            &tx,
            &audit::payload(Action::UserReauthenticateRequested, &user, None),
            None,
        )
        .await?;
    tx.commit().await?;
    Ok(message_id.map_or_else(empty, |id| Json(json!({ "message_id": id }))))
}
