//! `GET /admin/oauth/clients/{client_id}` (auth.md section 16).

use axum::Json;
use axum::extract::{Path, State as Shared};

use super::{id, not_found};
use crate::caller::Admin;
use crate::error::Result;
use crate::routes::oauth::{Registered, check_enabled};
use crate::state::State;
use crate::store::oauth_clients;

pub(in crate::routes) async fn show(
    Shared(state): Shared<State>,
    Path(client_id): Path<String>,
    _: Admin,
) -> Result<Json<Registered>> {
    check_enabled(&state)?;
    let client = oauth_clients::find(&state.pool, id(&client_id)?)
        .await?
        .ok_or_else(not_found)?;
    Ok(Json(Registered::new(client, None)))
}
