//! `GET /admin/custom-providers?type=`: all of them, oldest first (auth.md 17.4). Those of the settings are not among them:
//! nobody could change them here.

use axum::Json;
use axum::extract::{Request, State as Shared};
use serde::Serialize;

use super::check_enabled;
use crate::caller::Admin;
use crate::error::{AuthError, Result};
use crate::model::custom_provider::{CustomProvider, Kind};
use crate::request::query_value;
use crate::state::State;
use crate::store::custom_providers;

#[derive(Serialize)]
pub(in crate::routes) struct Providers {
    providers: Vec<CustomProvider>,
}

pub(in crate::routes) async fn list(
    Shared(state): Shared<State>,
    _: Admin,
    request: Request,
) -> Result<Json<Providers>> {
    check_enabled(&state)?;
    let (parts, _) = request.into_parts();
    let kind = match query_value(&parts, "type").filter(|kind| !kind.is_empty()) {
        Some(kind) => Some(
            Kind::parse(&kind)
                .ok_or_else(|| AuthError::validation("type must be either 'oauth2' or 'oidc'"))?,
        ),
        None => None,
    };
    let providers = custom_providers::list(&state.pool, kind).await?;
    Ok(Json(Providers { providers }))
}
