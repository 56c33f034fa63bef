//! `GET /admin/sso/providers/{id}` (auth.md section 14).

use axum::Json;
use axum::extract::{Path, State as Shared};

use super::find;
use crate::caller::Admin;
use crate::error::Result;
use crate::model::sso::SsoProvider;
use crate::state::State;

pub(in crate::routes::admin) async fn show(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    _: Admin,
) -> Result<Json<SsoProvider>> {
    Ok(Json(find(&state.pool, &name).await?))
}
