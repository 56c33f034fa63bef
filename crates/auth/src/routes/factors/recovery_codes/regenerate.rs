//! `POST /factors/recovery-codes/regenerate`: a new set instead of the old one.

use axum::Json;
use axum::extract::State as Shared;

use super::{IssuedCodes, issue, require_aal2, write_audit};
use crate::caller::Authenticated;
use crate::error::Result;
use crate::model::factor::FactorType;
use crate::routes::factors::{enroll_disabled, factor_not_found};
use crate::state::State;
use crate::store::audit::Action;
use crate::store::{factors, recovery_codes};

pub(in crate::routes) async fn create(
    Shared(state): Shared<State>,
    caller: Authenticated,
) -> Result<Json<IssuedCodes>> {
    caller.bearer.refuse_anonymous()?;
    if !state.config.mfa.recovery_codes.enroll {
        return Err(enroll_disabled(FactorType::RecoveryCode));
    }
    require_aal2(&caller)?;
    let now = state.now();
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    factors::lock_enrolment(&tx, caller.user.id).await?;
    let factor = recovery_codes::factor(&tx, caller.user.id)
        .await?
        .ok_or_else(factor_not_found)?;
    let issued = issue(
        &state,
        &tx,
        factor.id,
        factor.friendly_name.unwrap_or_default(),
        now,
    )
    .await?;
    write_audit(
        &state,
        &tx,
        Action::RecoveryCodesRegenerated,
        &caller.user,
        factor.id,
        now,
    )
    .await?;
    tx.commit().await?;
    Ok(Json(issued))
}
