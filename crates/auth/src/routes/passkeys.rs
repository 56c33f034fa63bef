//! Passkeys: registering, signing in, and the owner's list (auth.md 17.1).

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::routing::{get, patch, post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::caller::Authenticated;
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::aal::Aal;
use crate::passkeys::Ceremony;
use crate::sign_in::highest_aal;
use crate::state::State;
use crate::store::passkeys::{self, ChallengeType};

mod authentication_options;
mod authentication_verify;
mod delete;
mod list;
mod registration_options;
mod registration_verify;
mod update;

/// The area's part of the route table.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route(
            "/passkeys/registration/options",
            post(registration_options::create),
        )
        .route("/passkeys/registration/verify", post(registration_verify::check))
        .route(
            "/passkeys/authentication/options",
            post(authentication_options::create),
        )
        .route(
            "/passkeys/authentication/verify",
            post(authentication_verify::check),
        )
        .route("/passkeys", get(list::list))
        .route("/passkeys/", get(list::list))
        .route(
            "/passkeys/{passkey_id}",
            patch(update::update).delete(delete::delete),
        )
}

/// The project has passkeys. Comes before every other check.
pub(in crate::routes) struct Enabled;

impl FromRequestParts<State> for Enabled {
    type Rejection = AuthError;

    async fn from_request_parts(_: &mut Parts, state: &State) -> Result<Self> {
        if state.config.passkey.enabled {
            Ok(Self)
        } else {
            let message = "Passkeys are disabled";
            Err(AuthError::not_found(ErrorCode::PasskeyDisabled, message))
        }
    }
}

/// A user who may register passkeys.
struct Registrant(Authenticated);

impl FromRequestParts<State> for Registrant {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self> {
        let caller = Authenticated::from_request_parts(parts, state).await?;
        caller.bearer.refuse_anonymous()?;
        if caller.user.is_sso_user {
            return Err(AuthError::unprocessable(
                ErrorCode::ValidationFailed,
                "SSO users cannot register passkeys",
            ));
        }
        check_level(&caller)?;
        Ok(Self(caller))
    }
}

/// Who has a second factor shows it before adding or removing a passkey.
fn check_level(caller: &Authenticated) -> Result<()> {
    let reached = caller.session.as_ref().map_or(Aal::Aal1, |session| session.aal);
    if reached < highest_aal(&caller.user) {
        return Err(AuthError::forbidden(
            ErrorCode::InsufficientAal,
            "AAL2 session is required to manage passkeys when MFA is enabled",
        ));
    }
    Ok(())
}

/// What the client passes to `navigator.credentials`.
#[derive(Serialize)]
struct OptionsResponse {
    challenge_id: Uuid,
    options: Value,
    /// Unix seconds.
    expires_at: i64,
}

/// Stores a challenge and hands it out.
async fn issue(
    state: &State,
    owner: (ChallengeType, Option<Uuid>),
    ceremony: Ceremony,
) -> Result<OptionsResponse> {
    let (challenge_id, now) = (state.random.uuid(), state.now());
    let expires_at = now + crate::model::session::delta(state.config.webauthn.challenge_expiry);
    passkeys::insert_challenge(
        &state.pool.batched(),
        challenge_id,
        owner,
        &ceremony.session_data,
        now,
        expires_at,
    )
    .await?;
    Ok(OptionsResponse {
        challenge_id,
        options: ceremony.options,
        expires_at: expires_at.timestamp(),
    })
}

/// The browser's answer to a challenge.
#[derive(Deserialize)]
struct VerifyRequest {
    challenge_id: Option<String>,
    credential: Option<Value>,
    /// What early clients called `credential` when registering.
    credential_response: Option<Value>,
}

impl VerifyRequest {
    /// Uses the challenge up; what it was about, and the answer to it.
    async fn redeem(self, state: &State, owner: (ChallengeType, Option<Uuid>)) -> Result<(Value, Value)> {
        let id = self
            .challenge_id
            .filter(|id| !id.is_empty())
            .ok_or_else(|| AuthError::validation("challenge_id is required"))?;
        let answer = self
            .credential
            .or(self.credential_response)
            .ok_or_else(|| AuthError::validation("credential is required"))?;
        let id =
            Uuid::parse_str(&id).map_err(|_| AuthError::validation("challenge_id must be a valid UUID"))?;
        // A statement of its own: the challenge is gone also when the answer turns out wrong.
        let challenge = passkeys::consume_challenge(&state.pool, id, owner)
            .await?
            .ok_or_else(|| {
                AuthError::bad_request(
                    ErrorCode::WebauthnChallengeNotFound,
                    "Challenge not found or already used",
                )
            })?;
        if challenge.expires_at <= state.now() {
            return Err(AuthError::bad_request(
                ErrorCode::WebauthnChallengeExpired,
                "Challenge has expired",
            ));
        }
        Ok((challenge.session_data, answer))
    }
}

/// The user has all the passkeys they may have.
fn too_many() -> AuthError {
    AuthError::unprocessable(ErrorCode::TooManyPasskeys, "Maximum number of passkeys reached")
}

/// Whether `count` passkeys are as many as a user may have.
fn is_full(state: &State, count: usize) -> bool {
    i64::try_from(count).unwrap_or(i64::MAX) >= state.config.passkey.max_per_user
}

/// A passkey by the last part of a path.
pub(in crate::routes) fn passkey_id(raw: &str) -> Result<Uuid> {
    Uuid::parse_str(raw).map_err(|_| not_found())
}

/// The passkey is not the user's, or does not exist: the two look the same.
pub(in crate::routes) fn not_found() -> AuthError {
    AuthError::not_found(ErrorCode::ValidationFailed, "Passkey not found")
}
