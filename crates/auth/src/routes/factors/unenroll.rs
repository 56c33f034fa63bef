//! `DELETE /factors/{factor_id}`: remove a factor (auth.md 6.4, 24).

use axum::Json;
use axum::extract::{Path, State as Shared};
use serde_json::{Value, json};

use super::factor_not_found;
use crate::caller::{Authenticated, path_uuid};
use crate::error::{AuthError, ErrorCode, Result};
use crate::mail::Notification;
use crate::model::aal::Aal;
use crate::model::factor::{Factor, FactorType};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::factors;

pub(in crate::routes) async fn delete(
    Shared(state): Shared<State>,
    caller: Authenticated,
    Path(factor_id): Path<String>,
) -> Result<Json<Value>> {
    caller.bearer.refuse_anonymous()?;
    let factor_id = path_uuid(&factor_id, "factor_id")?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    factors::lock_enrolment(&tx, caller.user.id).await?;
    let all = factors::of_user(&tx, caller.user.id).await?;
    let factor = all
        .iter()
        .find(|factor| factor.id == factor_id)
        .ok_or_else(factor_not_found)?;
    let is_aal2 = caller
        .session
        .as_ref()
        .is_some_and(|session| session.aal >= Aal::Aal2);
    check(factor, &all, is_aal2)?;

    let now = state.now();
    factors::delete(&tx, factor, now).await?;
    if state.config.audit_log_in_database {
        let traits = json!({
            "factor_id": factor.id,
            "factor_status": if factor.verified { "verified" } else { "unverified" },
            "session_id": caller.session.as_ref().map(|session| session.id),
        });
        let payload = audit::payload(Action::FactorUnenrolled, &caller.user, Some(traits));
        audit::insert(&tx, state.random.uuid(), &payload, now, None).await?;
    }
    tx.commit().await?;
    if factor.verified {
        let kind = factor.factor_type.as_str();
        state
            .mailer
            .notify(
                &caller.user.to_value(),
                Notification::MfaFactorUnenrolled { factor_type: kind },
            )
            .await;
    }
    Ok(Json(json!({ "id": factor.id })))
}

/// Recovery codes have an endpoint of their own and may not be left as the only factor.
fn check(factor: &Factor, all: &[Factor], is_aal2: bool) -> Result<()> {
    if factor.factor_type == FactorType::RecoveryCode {
        return Err(AuthError::unprocessable(
            ErrorCode::ValidationFailed,
            "Recovery codes are removed with DELETE /factors/recovery-codes",
        ));
    }
    if factor.verified && !is_aal2 {
        return Err(AuthError::unprocessable(
            ErrorCode::InsufficientAal,
            "AAL2 required to unenroll verified factor",
        ));
    }
    let others = |kind_is_recovery: bool| {
        all.iter().any(|other| {
            other.id != factor.id
                && other.verified
                && (other.factor_type == FactorType::RecoveryCode) == kind_is_recovery
        })
    };
    if factor.verified && others(true) && !others(false) {
        return Err(AuthError::unprocessable(
            ErrorCode::MfaRecoveryCodesSoleFactor,
            "Recovery codes cannot be the only factor, remove them first",
        ));
    }
    Ok(())
}
