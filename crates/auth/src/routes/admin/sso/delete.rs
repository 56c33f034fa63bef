//! `DELETE /admin/sso/providers/{id}` (auth.md section 14). Its users and their sessions stay.

use axum::Json;
use axum::extract::{Path, State as Shared};

use super::{find, not_found};
use crate::caller::Admin;
use crate::error::Result;
use crate::model::sso::SsoProvider;
use crate::state::State;
use crate::store::sso_providers;

pub(in crate::routes::admin) async fn delete(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    _: Admin,
) -> Result<Json<SsoProvider>> {
    let provider = find(&state.pool, &name).await?;
    if !sso_providers::delete(&state.pool, provider.id).await? {
        return Err(not_found());
    }
    Ok(Json(provider))
}
