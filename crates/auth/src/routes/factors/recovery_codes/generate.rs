//! `POST /factors/recovery-codes`: enrol a set.

use axum::Json;
use axum::extract::State as Shared;
use serde::Deserialize;

use super::{IssuedCodes, issue, require_aal2, write_audit};
use crate::caller::Authenticated;
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::factor::{Factor, FactorType};
use crate::model::session::Session;
use crate::request::{OptionalBody, RequestInfo};
use crate::routes::factors::enroll::check_limits;
use crate::routes::factors::{ask_before_enrollment, enroll_disabled};
use crate::state::State;
use crate::store::audit::Action;
use crate::store::factors;

#[derive(Default, Deserialize)]
pub(in crate::routes) struct GenerateRequest {
    friendly_name: Option<String>,
}

pub(in crate::routes) async fn create(
    Shared(state): Shared<State>,
    info: RequestInfo,
    caller: Authenticated,
    OptionalBody(request): OptionalBody<GenerateRequest>,
) -> Result<Json<IssuedCodes>> {
    caller.bearer.refuse_anonymous()?;
    if !state.config.mfa.recovery_codes.enroll {
        return Err(enroll_disabled(FactorType::RecoveryCode));
    }
    require_aal2(&caller)?;
    let Some(session) = &caller.session else {
        return Err(AuthError::forbidden(
            ErrorCode::SessionNotFound,
            "A session is required to enroll a factor",
        ));
    };
    let name = request
        .friendly_name
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "Recovery codes".to_owned());
    let factor = Factor {
        id: state.random.uuid(),
        user_id: caller.user.id,
        friendly_name: Some(name.clone()),
        factor_type: FactorType::RecoveryCode,
        verified: true,
        secret: None,
        phone: None,
        last_challenged_at: None,
        web_authn_credential: None,
        created_at: state.now(),
    };
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    factors::lock_enrolment(&tx, caller.user.id).await?;
    check(&state, &tx, session, &factor).await?;
    ask_before_enrollment(&state, &tx, &caller.user, &factor, info.ip).await?;
    factors::insert(&tx, &factor).await?;
    let issued = issue(&state, &tx, factor.id, name, factor.created_at).await?;
    write_audit(
        &state,
        &tx,
        Action::RecoveryCodesGenerated,
        &caller.user,
        factor.id,
        factor.created_at,
    )
    .await?;
    tx.commit().await?;
    Ok(Json(issued))
}

/// One set per user, the ordinary limits, and never as the only factor.
async fn check(
    state: &State,
    db: &impl ferrobase_db::Executor,
    session: &Session,
    factor: &Factor,
) -> Result<()> {
    let existing = factors::of_user(db, factor.user_id).await?;
    if existing
        .iter()
        .any(|other| other.factor_type == FactorType::RecoveryCode)
    {
        return Err(AuthError::unprocessable(
            ErrorCode::MfaVerifiedFactorExists,
            "Recovery codes already exist, regenerate or unenroll them",
        ));
    }
    check_limits(state, db, session, factor).await?;
    if !existing.iter().any(|other| other.verified) {
        return Err(AuthError::unprocessable(
            ErrorCode::MfaRecoveryCodesSoleFactor,
            "Recovery codes need another verified factor",
        ));
    }
    Ok(())
}
