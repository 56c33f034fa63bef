//! `GET /admin/oauth/clients`: a page of the clients, newest first (auth.md section 16).

use axum::extract::{Request, State as Shared};
use axum::response::Response;
use serde::Serialize;

use crate::caller::Admin;
use crate::error::Result;
use crate::model::page::Page;
use crate::request::query_value;
use crate::routes::admin::pages;
use crate::routes::oauth::{Registered, check_enabled};
use crate::state::State;
use crate::store::oauth_clients;

/// Without clients the original leaves the list out.
#[derive(Serialize)]
struct Clients {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clients: Vec<Registered>,
}

pub(in crate::routes) async fn list(
    Shared(state): Shared<State>,
    _: Admin,
    request: Request,
) -> Result<Response> {
    check_enabled(&state)?;
    let (parts, _) = request.into_parts();
    let given = |name| query_value(&parts, name).filter(|value| !value.is_empty());
    let page = Page::parse(given("page").as_deref(), given("per_page").as_deref())?;
    let (clients, total) = tokio::try_join!(
        oauth_clients::page(&state.pool, page),
        oauth_clients::count(&state.pool)
    )?;
    let clients = clients
        .into_iter()
        .map(|client| Registered::new(client, None))
        .collect();
    Ok(pages::answer(
        page.link(parts.uri.path(), &[], total),
        total,
        &Clients { clients },
    ))
}
