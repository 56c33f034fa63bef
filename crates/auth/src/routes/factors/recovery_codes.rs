//! `/factors/recovery-codes` (auth.md 24): a set of single-use codes that reach aal2 when the other factors are lost.

pub(in crate::routes) mod generate;
pub(in crate::routes) mod regenerate;
pub(in crate::routes) mod status;
pub(in crate::routes) mod unenroll;
pub(in crate::routes) mod verify;

use ferrobase_db::Executor;
use serde::Serialize;
use uuid::Uuid;

use crate::caller::Authenticated;
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::aal::Aal;
use crate::model::recovery_code;
use crate::model::user::{Time, User};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::recovery_codes;

/// A fresh set; the only time the codes are shown.
#[derive(Serialize)]
pub(in crate::routes) struct IssuedCodes {
    id: Uuid,
    #[serde(rename = "type")]
    factor_type: &'static str,
    friendly_name: String,
    total: usize,
    codes: Vec<String>,
}

/// Makes a new set for the factor, replacing the old one.
async fn issue(
    state: &State,
    db: &impl Executor,
    factor_id: Uuid,
    friendly_name: String,
    now: Time,
) -> Result<IssuedCodes> {
    let codes: Vec<String> = (0..state.config.mfa.recovery_code_count)
        .map(|_| recovery_code::generate(&state.random))
        .collect();
    let hashed: Vec<(Uuid, String)> = codes
        .iter()
        .map(|code| (state.random.uuid(), recovery_code::hash(factor_id, code)))
        .collect();
    recovery_codes::replace(db, factor_id, &hashed, now).await?;
    Ok(IssuedCodes {
        id: factor_id,
        factor_type: "recovery_code",
        friendly_name,
        total: codes.len(),
        codes,
    })
}

fn require_aal2(caller: &Authenticated) -> Result<()> {
    if caller
        .session
        .as_ref()
        .is_some_and(|session| session.aal >= Aal::Aal2)
    {
        return Ok(());
    }
    Err(AuthError::forbidden(
        ErrorCode::InsufficientAal,
        "AAL2 required to manage recovery codes",
    ))
}

async fn write_audit(
    state: &State,
    db: &impl Executor,
    action: Action,
    user: &User,
    factor_id: Uuid,
    now: Time,
) -> Result<()> {
    if state.config.audit_log_in_database {
        let payload = audit::payload(action, user, Some(serde_json::json!({ "factor_id": factor_id })));
        audit::insert(db, state.random.uuid(), &payload, now, None).await?;
    }
    Ok(())
}
