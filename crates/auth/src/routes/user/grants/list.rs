//! `GET /user/oauth/grants` (auth.md section 16).

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;

use crate::caller::Authenticated;
use crate::error::Result;
use crate::model::user::Time;
use crate::routes::oauth::{ClientDetails, check_enabled};
use crate::state::State;
use crate::store::oauth_consents;

#[derive(Serialize)]
pub(in crate::routes) struct UserGrant {
    client: ClientDetails,
    scopes: Vec<&'static str>,
    granted_at: Time,
}

pub(in crate::routes) async fn list(
    Shared(state): Shared<State>,
    caller: Authenticated,
) -> Result<Json<Vec<UserGrant>>> {
    check_enabled(&state)?;
    let consents = oauth_consents::of_user(&state.pool, caller.user.id).await?;
    let grants = consents.into_iter().map(|consent| UserGrant {
        client: consent.client.into(),
        scopes: consent.scopes.names().to_vec(),
        granted_at: consent.granted_at,
    });
    Ok(Json(grants.collect()))
}
