//! `GET /admin/audit`: a page of the audit log (auth.md 15.6).

use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::response::Response;

use super::pages;
use crate::caller::Admin;
use crate::error::{AuthError, Result};
use crate::model::page::Page;
use crate::request::query_value;
use crate::state::State;
use crate::store::audit_log::{self, Scope};

pub(in crate::routes) async fn list(Shared(state): Shared<State>, request: Request) -> Result<Response> {
    let (mut parts, _) = request.into_parts();
    Admin::from_request_parts(&mut parts, &state).await?;
    let given = |name| query_value(&parts, name).filter(|value| !value.is_empty());
    let page = Page::parse(given("page").as_deref(), given("per_page").as_deref())?;
    let query = given("query");
    let search = query.as_deref().map(search).transpose()?;
    // Not among the small reads that share connections: counting takes its time.
    let (entries, total) = tokio::try_join!(
        audit_log::page(&state.pool, search, page),
        audit_log::count(&state.pool, search)
    )
    .map_err(AuthError::database("Error searching for audit logs"))?;
    let further = pages::given(&[("query", query.as_deref())]);
    Ok(pages::answer(
        page.link(parts.uri.path(), &further, total),
        total,
        &entries,
    ))
}

/// `scope:text`.
fn search(query: &str) -> Result<(Scope, &str)> {
    query
        .split_once(':')
        .and_then(|(scope, text)| Some((Scope::parse(scope)?, text)))
        .ok_or_else(|| AuthError::validation(format!("Invalid query scope: {query}")))
}
