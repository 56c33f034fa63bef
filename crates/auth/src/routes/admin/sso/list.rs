//! `GET /admin/sso/providers`: all connections, without their metadata (auth.md section 14).

use axum::Json;
use axum::extract::{Request, State as Shared};
use serde::Serialize;

use crate::caller::Admin;
use crate::error::Result;
use crate::model::sso::SsoProvider;
use crate::request::query_value;
use crate::state::State;
use crate::store::sso_providers::{self, Filter};

#[derive(Serialize)]
pub(in crate::routes::admin) struct Providers {
    items: Vec<SsoProvider>,
}

pub(in crate::routes::admin) async fn list(
    Shared(state): Shared<State>,
    _: Admin,
    request: Request,
) -> Result<Json<Providers>> {
    let (parts, _) = request.into_parts();
    let given = |name| query_value(&parts, name).filter(|value| !value.is_empty());
    let filter = Filter {
        resource_id: given("resource_id"),
        resource_id_prefix: given("resource_id_prefix"),
    };
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let items = sso_providers::list(&tx, &filter).await?;
    Ok(Json(Providers { items }))
}
