//! The signed-in user.

use axum::Router;
use axum::routing::{get, post};

use crate::state::State;

mod change;
mod logout;
mod show;
mod update;

/// The area's part of the route table.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/user", get(show::show).put(update::update))
        .route("/logout", post(logout::end))
}
