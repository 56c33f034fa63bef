//! `DELETE /admin/custom-providers/{identifier}` (auth.md 17.4). The identities of its people stay: they are theirs, and
//! the provider may come back.

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;

use super::check_enabled;
use crate::caller::Admin;
use crate::custom_providers::{forget, missing};
use crate::error::Result;
use crate::providers::custom::issuer;
use crate::state::State;
use crate::store::custom_providers;

pub(in crate::routes) async fn delete(
    Shared(state): Shared<State>,
    Path(identifier): Path<String>,
    _: Admin,
) -> Result<StatusCode> {
    check_enabled(&state)?;
    let gone = custom_providers::delete(&state.pool, &identifier)
        .await?
        .ok_or_else(missing)?;
    forget(&state, issuer(&gone));
    Ok(StatusCode::NO_CONTENT)
}
