//! `GET /passkeys`: the caller's passkeys (auth.md 17.1).

use axum::Json;
use axum::extract::State as Shared;

use super::Enabled;
use crate::caller::Authenticated;
use crate::error::Result;
use crate::model::passkey::Listed;
use crate::state::State;
use crate::store::passkeys;

/// A bare array, oldest first.
pub(super) async fn list(
    Shared(state): Shared<State>,
    _: Enabled,
    caller: Authenticated,
) -> Result<Json<Vec<Listed>>> {
    caller.bearer.refuse_anonymous()?;
    Ok(Json(
        passkeys::of_user(&state.pool.reads(), caller.user.id).await?,
    ))
}
