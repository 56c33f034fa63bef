//! `POST /passkeys/registration/verify`: keep a new passkey (auth.md 17.1).

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{Enabled, Registrant, VerifyRequest, is_full, too_many};
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::passkey::NewPasskey;
use crate::model::user::{Time, User};
use crate::passkeys as ceremonies;
use crate::request::{Body, RequestInfo};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::factors;
use crate::store::passkeys::{self, ChallengeType};

/// The new passkey.
#[derive(Serialize)]
pub(super) struct PasskeyResponse {
    id: Uuid,
    friendly_name: &'static str,
    created_at: Time,
}

pub(super) async fn check(
    Shared(state): Shared<State>,
    _: Enabled,
    info: RequestInfo,
    Registrant(caller): Registrant,
    Body(request): Body<VerifyRequest>,
) -> Result<Json<PasskeyResponse>> {
    let owner = (ChallengeType::Registration, Some(caller.user.id));
    let (session_data, answer) = request.redeem(&state, owner).await?;
    let passkey = ceremonies::finish_registration(&state, &session_data, &answer)?;
    let response = PasskeyResponse {
        id: state.random.uuid(),
        friendly_name: passkey.friendly_name,
        created_at: state.now(),
    };
    store(&state, &caller.user, &info, &passkey, &response).await?;
    Ok(Json(response))
}

/// Serialised per user, so that the limit holds also for challenges that were handed out below it.
async fn store(
    state: &State,
    user: &User,
    info: &RequestInfo,
    passkey: &NewPasskey,
    row: &PasskeyResponse,
) -> Result<()> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    factors::lock_enrolment(&tx, user.id).await?;
    let existing = passkeys::credential_ids(&tx, user.id).await?;
    if is_full(state, existing.len()) {
        return Err(too_many());
    }
    passkeys::insert(&tx, row.id, user.id, passkey, row.created_at)
        .await
        .map_err(|error| {
            if error.is_unique_violation("webauthn_credentials_credential_id_key") {
                AuthError::unprocessable(
                    ErrorCode::WebauthnCredentialExists,
                    "This credential is already registered",
                )
            } else {
                AuthError::database("Database error creating passkey")(error)
            }
        })?;
    let traits = json!({ "passkey_id": row.id });
    let payload = audit::payload(Action::PasskeyCreated, user, Some(traits));
    state.audit(&tx, &payload, Some(info.ip)).await?;
    tx.commit().await?;
    Ok(())
}
