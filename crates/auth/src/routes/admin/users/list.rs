//! `GET /admin/users`: a page of the users (auth.md 15.1).

use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::response::Response;
use serde::Serialize;

use crate::caller::Admin;
use crate::error::{AuthError, Result};
use crate::model::page::Page;
use crate::model::user::User;
use crate::request::{audience, query_value};
use crate::routes::admin::pages;
use crate::state::State;
use crate::store::user_lists::{self, Listing};

#[derive(Serialize)]
struct Users {
    users: Vec<User>,
    aud: String,
}

pub(in crate::routes) async fn list(Shared(state): Shared<State>, request: Request) -> Result<Response> {
    let (mut parts, _) = request.into_parts();
    Admin::from_request_parts(&mut parts, &state).await?;
    let given = |name| query_value(&parts, name).filter(|value| !value.is_empty());
    let page = Page::parse(given("page").as_deref(), given("per_page").as_deref())?;
    let (sort, filter) = (given("sort"), given("filter"));
    let aud = audience(&parts, &state);
    let listing = Listing {
        audience: &aud,
        filter: filter.as_deref(),
        oldest_first: is_oldest_first(sort.as_deref())?,
    };
    // Not among the small reads that share connections: counting takes its time.
    let (users, total) = tokio::try_join!(
        user_lists::page(&state.pool, listing, page),
        user_lists::count(&state.pool, listing)
    )
    .map_err(AuthError::database("Database error finding users"))?;
    let further = [("filter", filter.as_deref()), ("sort", sort.as_deref())];
    Ok(pages::answer(
        page.link(parts.uri.path(), &pages::given(&further), total),
        total,
        &Users { users, aud },
    ))
}

/// The one sortable column, and its direction.
fn is_oldest_first(sort: Option<&str>) -> Result<bool> {
    let Some(sort) = sort else { return Ok(false) };
    let (column, direction) = sort.trim().split_once(' ').unwrap_or((sort.trim(), "desc"));
    if column != "created_at" {
        return Err(AuthError::validation(format!(
            "Bad Sort Parameters: bad field for sort {column:?}"
        )));
    }
    match direction.trim().to_ascii_lowercase().as_str() {
        "asc" => Ok(true),
        "desc" => Ok(false),
        other => Err(AuthError::validation(format!(
            "Bad Sort Parameters: bad direction for sort {other:?}, only 'asc' and 'desc' allowed"
        ))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn sorting() {
        assert!(!is_oldest_first(None).unwrap());
        assert!(!is_oldest_first(Some("created_at")).unwrap());
        assert!(is_oldest_first(Some("created_at ASC")).unwrap());
        assert!(!is_oldest_first(Some("created_at desc")).unwrap());
        for sort in ["email asc", "created_at sideways", "created_at asc; --"] {
            let error = is_oldest_first(Some(sort)).unwrap_err();
            assert!(error.public_message().starts_with("Bad Sort Parameters: "));
        }
    }
}
