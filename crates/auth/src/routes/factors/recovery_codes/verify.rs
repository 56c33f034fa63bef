//! `POST /factors/recovery-codes/verify`: use a code up and reach aal2.

use axum::extract::State as Shared;
use ferrobase_db::{Executor, Transaction};
use ferrobase_jwt::constant_time_eq;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::caller::{self, Bearer};
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::factor::{Factor, FactorType};
use crate::model::recovery_code;
use crate::model::user::Time;
use crate::request::{Body, RequestInfo};
use crate::routes::factors::verify::attempt_limits;
use crate::routes::factors::verify_disabled;
use crate::sign_in::TokenResponse;
use crate::state::State;
use crate::step_up::{self, StepUp};
use crate::store::verification::{self, Loaded};
use crate::store::{recovery_codes, sessions};

#[derive(Deserialize)]
pub(in crate::routes) struct VerifyRequest {
    code: Option<String>,
}

pub(in crate::routes) async fn check(
    Shared(state): Shared<State>,
    bearer: Bearer,
    info: RequestInfo,
    Body(request): Body<VerifyRequest>,
) -> Result<TokenResponse> {
    bearer.refuse_anonymous()?;
    if !state.config.mfa.recovery_codes.verify {
        return Err(verify_disabled(FactorType::RecoveryCode));
    }
    let code = recovery_code::normalise(request.code.as_deref().unwrap_or_default());
    if code.is_empty() {
        return Err(AuthError::validation("Code needs to be non-empty"));
    }
    let now = state.now();
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    verification::lock(&tx, bearer.user_id).await?;
    let (loaded, factor) = load(&tx, &bearer, now).await?;
    let matching = matching_code(&tx, factor.id, &code).await?;
    if state.hooks.has_mfa_verification() {
        let kind = FactorType::RecoveryCode.as_str();
        let valid = matching.is_some();
        let verdict = state
            .hooks
            .mfa_verification_attempt(&tx, loaded.user.id, factor.id, kind, valid, info.ip)
            .await?;
        if let Some(message) = verdict.rejected {
            sessions::delete_all(&tx, loaded.user.id).await?;
            tx.commit().await?;
            return Err(AuthError::forbidden(ErrorCode::MfaVerificationRejected, message));
        }
    }
    let consumed = match matching {
        Some(id) => recovery_codes::consume(&tx, id, now).await?,
        None => false,
    };
    if !consumed {
        return Err(fail(&state, tx, &loaded, &factor, now).await?);
    }
    let step_up = StepUp {
        factor: &factor,
        challenge_id: None,
        delete_challenge: false,
        step: None,
        ip: info.ip,
        now,
        traits: json!({ "factor_id": factor.id, "factor_type": "recovery_code" }),
    };
    step_up::lift(&state, tx, loaded, step_up)
        .await?
        .ok_or_else(invalid)
}

/// The caller and their set; a caller without one is answered like a wrong code.
async fn load(tx: &Transaction<'_>, bearer: &Bearer, now: Time) -> Result<(Loaded, Factor)> {
    let factor = recovery_codes::factor(tx, bearer.user_id).await?;
    let factor_id = factor.as_ref().map_or(Uuid::nil(), |factor| factor.id);
    let loaded = verification::load(tx, bearer.user_id, bearer.session_id, factor_id, Uuid::nil())
        .await?
        .ok_or_else(caller::missing_user)?;
    if loaded.session.is_none() {
        return Err(caller::missing_session());
    }
    if loaded.user.is_banned(now) {
        return Err(caller::banned());
    }
    let factor = factor.ok_or_else(invalid)?;
    if [loaded.factor_locked_until, loaded.user_locked_until]
        .into_iter()
        .flatten()
        .any(|until| now < until)
    {
        return Err(AuthError::too_many(
            ErrorCode::MfaRecoveryCodesLocked,
            "Too many failed attempts, recovery codes are locked for a while",
        ));
    }
    Ok((loaded, factor))
}

/// Compares with every unused code, without stopping at a match.
async fn matching_code(db: &impl Executor, factor_id: Uuid, code: &str) -> Result<Option<Uuid>> {
    let hash = recovery_code::hash(factor_id, code);
    let mut found = None;
    for (id, stored) in recovery_codes::unused(db, factor_id).await? {
        if constant_time_eq(stored.as_bytes(), hash.as_bytes()) {
            found = Some(id);
        }
    }
    Ok(found)
}

async fn fail(
    state: &State,
    tx: Transaction<'_>,
    loaded: &Loaded,
    factor: &Factor,
    now: Time,
) -> Result<AuthError> {
    verification::record_failure(&tx, loaded.user.id, factor.id, None, attempt_limits(state), now).await?;
    tx.commit().await?;
    Ok(invalid())
}

fn invalid() -> AuthError {
    AuthError::unprocessable(ErrorCode::MfaVerificationFailed, "Invalid recovery code entered")
}
