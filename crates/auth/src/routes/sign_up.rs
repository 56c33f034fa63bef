//! New users.

use axum::Router;
use axum::routing::post;

use crate::state::State;

mod anonymous;
pub(super) mod signup;

/// The area's part of the route table.
pub(super) fn routes() -> Router<State> {
    Router::new().route("/signup", post(signup::create))
}
