//! What administrators do (auth.md section 15).

use axum::Router;
use axum::routing::{get, post, put};

use crate::state::State;

mod factors;
mod generate_link;
mod users;

/// The area's part of the route table.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/admin/generate_link", post(generate_link::create))
        .route("/admin/users", post(users::create::create))
        .route("/admin/users/", post(users::create::create))
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
}
