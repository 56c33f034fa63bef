//! `GET /factors/recovery-codes`: how many are left.

use axum::Json;
use axum::extract::State as Shared;
use serde_json::{Value, json};

use crate::caller::Authenticated;
use crate::error::Result;
use crate::routes::factors::factor_not_found;
use crate::state::State;
use crate::store::recovery_codes;

pub(in crate::routes) async fn show(
    Shared(state): Shared<State>,
    caller: Authenticated,
) -> Result<Json<Value>> {
    caller.bearer.refuse_anonymous()?;
    let factor = recovery_codes::factor(&state.pool, caller.user.id)
        .await?
        .ok_or_else(factor_not_found)?;
    let (total, remaining) = recovery_codes::counts(&state.pool, factor.id).await?;
    Ok(Json(
        json!({ "id": factor.id, "type": "recovery_code", "total": total, "remaining": remaining }),
    ))
}
