//! `/admin/users/{user_id}/passkeys` (auth.md 17.1): list and remove a user's passkeys.

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use serde_json::json;

use super::factors::find_user;
use crate::caller::Admin;
use crate::error::Result;
use crate::model::passkey::Listed;
use crate::request::RequestInfo;
use crate::routes::passkeys::{Enabled, not_found, passkey_id};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::passkeys;

/// A bare array, oldest first.
pub(in crate::routes) async fn list(
    Shared(state): Shared<State>,
    _: Admin,
    _: Enabled,
    Path(user_id): Path<String>,
) -> Result<Json<Vec<Listed>>> {
    let user = find_user(&state, &user_id).await?;
    Ok(Json(passkeys::of_user(&state.pool, user.id).await?))
}

/// 204.
pub(in crate::routes) async fn delete(
    Shared(state): Shared<State>,
    admin: Admin,
    _: Enabled,
    info: RequestInfo,
    Path((user_id, id)): Path<(String, String)>,
) -> Result<StatusCode> {
    let user = find_user(&state, &user_id).await?;
    let id = passkey_id(&id)?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    if !passkeys::delete(&tx, user.id, id).await? {
        return Err(not_found());
    }
    let role = admin.claims.role().unwrap_or_default();
    let traits = json!({ "user_id": user.id, "passkey_id": id });
    let payload = audit::admin_payload(Action::PasskeyDeleted, role, Some(traits));
    state.audit(&tx, &payload, Some(info.ip)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
