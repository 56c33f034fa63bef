//! `PUT /admin/oauth/clients/{client_id}` (auth.md section 16).

use axum::Json;
use axum::extract::{Path, State as Shared};

use super::lock;
use crate::caller::Admin;
use crate::error::Result;
use crate::model::oauth_client::Changes;
use crate::request::Body;
use crate::routes::oauth::{Registered, check_enabled};
use crate::state::State;
use crate::store::oauth_clients;

pub(in crate::routes) async fn update(
    Shared(state): Shared<State>,
    Path(client_id): Path<String>,
    _: Admin,
    body: Result<Body<Changes>>,
) -> Result<Json<Registered>> {
    check_enabled(&state)?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let mut client = lock(&tx, &client_id).await?;
    let Body(changes) = body?;
    changes.apply(&mut client)?;
    client.updated_at = state.now();
    oauth_clients::save(&tx, &client).await?;
    tx.commit().await?;
    Ok(Json(Registered::new(client, None)))
}
