//! `DELETE /admin/oauth/clients/{client_id}` (auth.md section 16).

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;

use super::{id, not_found};
use crate::caller::Admin;
use crate::error::Result;
use crate::routes::oauth::check_enabled;
use crate::state::State;
use crate::store::oauth_clients;

/// A client that is gone can do nothing any more: its sessions end with it.
pub(in crate::routes) async fn delete(
    Shared(state): Shared<State>,
    Path(client_id): Path<String>,
    _: Admin,
) -> Result<StatusCode> {
    check_enabled(&state)?;
    let id = id(&client_id)?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    if !oauth_clients::delete(&tx, id, state.now()).await? {
        return Err(not_found());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
