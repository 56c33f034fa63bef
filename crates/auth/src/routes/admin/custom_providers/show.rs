//! `GET /admin/custom-providers/{identifier}` (auth.md 17.4).

use axum::Json;
use axum::extract::{Path, State as Shared};

use super::check_enabled;
use crate::caller::Admin;
use crate::custom_providers::missing;
use crate::error::Result;
use crate::model::custom_provider::CustomProvider;
use crate::state::State;
use crate::store::custom_providers;

pub(in crate::routes) async fn show(
    Shared(state): Shared<State>,
    Path(identifier): Path<String>,
    _: Admin,
) -> Result<Json<CustomProvider>> {
    check_enabled(&state)?;
    let found = custom_providers::find(&state.pool, &identifier).await?;
    found.map(Json).ok_or_else(missing)
}
