//! What administrators do (auth.md section 15).

use axum::Router;
use axum::routing::{delete, get, post, put};

use crate::state::State;

mod audit;
mod factors;
mod generate_link;
mod invite;
mod pages;
mod passkeys;
mod users;

/// The area's part of the route table.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/admin/generate_link", post(generate_link::create))
        .route("/admin/audit", get(audit::list))
        .route("/admin/audit/", get(audit::list))
        .route("/invite", post(invite::create))
        .route("/admin/users", get(users::list::list).post(users::create::create))
        .route(
            "/admin/users/",
            get(users::list::list).post(users::create::create),
        )
        .route(
            "/admin/users/{user_id}",
            get(users::show::show)
                .put(users::update::update)
                .delete(users::delete::delete),
        )
        .route("/admin/users/{user_id}/factors", get(factors::list))
        .route(
            "/admin/users/{user_id}/factors/{factor_id}",
            put(factors::update).delete(factors::delete),
        )
        .route("/admin/users/{user_id}/passkeys", get(passkeys::list))
        .route(
            "/admin/users/{user_id}/passkeys/{passkey_id}",
            delete(passkeys::delete),
        )
}
