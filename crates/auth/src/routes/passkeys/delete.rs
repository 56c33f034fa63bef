//! `DELETE /passkeys/{passkey_id}`: remove a passkey (auth.md 17.1).

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use serde_json::json;

use super::{Enabled, check_level, not_found, passkey_id};
use crate::caller::Authenticated;
use crate::error::Result;
use crate::request::RequestInfo;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::passkeys;

/// 204. Sessions that it opened go on.
pub(super) async fn delete(
    Shared(state): Shared<State>,
    _: Enabled,
    info: RequestInfo,
    caller: Authenticated,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    caller.bearer.refuse_anonymous()?;
    check_level(&caller)?;
    let id = passkey_id(&id)?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    if !passkeys::delete(&tx, caller.user.id, id).await? {
        return Err(not_found());
    }
    let traits = json!({ "passkey_id": id });
    let payload = audit::payload(Action::PasskeyDeleted, &caller.user, Some(traits));
    state.audit(&tx, &payload, Some(info.ip)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
