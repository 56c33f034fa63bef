//! `DELETE /factors/recovery-codes`: remove the set; sessions it lifted fall to aal1.

use axum::Json;
use axum::extract::State as Shared;
use serde_json::{Value, json};

use super::{require_aal2, write_audit};
use crate::caller::Authenticated;
use crate::error::Result;
use crate::routes::factors::factor_not_found;
use crate::state::State;
use crate::store::audit::Action;
use crate::store::{factors, recovery_codes};

pub(in crate::routes) async fn delete(
    Shared(state): Shared<State>,
    caller: Authenticated,
) -> Result<Json<Value>> {
    caller.bearer.refuse_anonymous()?;
    require_aal2(&caller)?;
    let now = state.now();
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    factors::lock_enrolment(&tx, caller.user.id).await?;
    let factor = recovery_codes::factor(&tx, caller.user.id)
        .await?
        .ok_or_else(factor_not_found)?;
    factors::delete(&tx, &factor, now).await?;
    write_audit(
        &state,
        &tx,
        Action::RecoveryCodesDeleted,
        &caller.user,
        factor.id,
        now,
    )
    .await?;
    tx.commit().await?;
    Ok(Json(json!({ "id": factor.id })))
}
