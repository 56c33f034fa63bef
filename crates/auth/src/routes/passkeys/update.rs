//! `PATCH /passkeys/{passkey_id}`: rename a passkey (auth.md 17.1).

use axum::Json;
use axum::extract::{Path, State as Shared};
use serde::Deserialize;
use serde_json::json;

use super::{Enabled, not_found, passkey_id};
use crate::caller::Authenticated;
use crate::error::{AuthError, Result};
use crate::model::passkey::{LONGEST_NAME, Listed};
use crate::request::{Body, RequestInfo};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::passkeys;

#[derive(Deserialize)]
pub(super) struct Changes {
    friendly_name: Option<String>,
}

pub(super) async fn update(
    Shared(state): Shared<State>,
    _: Enabled,
    info: RequestInfo,
    caller: Authenticated,
    Path(id): Path<String>,
    Body(changes): Body<Changes>,
) -> Result<Json<Listed>> {
    caller.bearer.refuse_anonymous()?;
    let id = passkey_id(&id)?;
    let name = checked_name(changes.friendly_name.as_deref().unwrap_or_default())?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let renamed = passkeys::rename(&tx, caller.user.id, id, name, state.now())
        .await?
        .ok_or_else(not_found)?;
    let traits = json!({ "passkey_id": id });
    let payload = audit::payload(Action::PasskeyUpdated, &caller.user, Some(traits));
    state.audit(&tx, &payload, Some(info.ip)).await?;
    tx.commit().await?;
    Ok(Json(renamed))
}

fn checked_name(name: &str) -> Result<&str> {
    if name.is_empty() {
        return Err(AuthError::validation("friendly_name is required"));
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(AuthError::validation(
            "friendly_name must be 120 characters or less",
        ));
    }
    if name.chars().any(char::is_control) {
        return Err(AuthError::validation(
            "friendly_name must not contain control characters",
        ));
    }
    Ok(name)
}
