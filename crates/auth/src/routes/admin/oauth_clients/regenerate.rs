//! `POST /admin/oauth/clients/{client_id}/regenerate_secret` (auth.md section 16).

use axum::Json;
use axum::extract::{Path, State as Shared};

use super::lock;
use crate::caller::Admin;
use crate::error::{AuthError, Result};
use crate::model::oauth_client::ClientType;
use crate::routes::oauth::{Registered, check_enabled, new_secret};
use crate::state::State;
use crate::store::oauth_clients;

/// The old secret is worth nothing from now on; the new one is shown this once.
pub(in crate::routes) async fn regenerate(
    Shared(state): Shared<State>,
    Path(client_id): Path<String>,
    _: Admin,
) -> Result<Json<Registered>> {
    check_enabled(&state)?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let mut client = lock(&tx, &client_id).await?;
    if client.client_type == ClientType::Public {
        return Err(AuthError::validation(
            "Cannot regenerate secret for public client",
        ));
    }
    let secret = new_secret(&state, &mut client);
    client.updated_at = state.now();
    oauth_clients::save(&tx, &client).await?;
    tx.commit().await?;
    Ok(Json(Registered::new(client, Some(secret))))
}
