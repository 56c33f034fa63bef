//! `GET /admin/users/{user_id}`.

use axum::Json;
use axum::extract::{Path, State as Shared};

use crate::caller::Admin;
use crate::error::Result;
use crate::model::user::User;
use crate::state::State;

pub(in crate::routes) async fn show(
    Shared(state): Shared<State>,
    _: Admin,
    Path(user_id): Path<String>,
) -> Result<Json<User>> {
    super::find(&state.pool, &user_id).await.map(Json)
}
