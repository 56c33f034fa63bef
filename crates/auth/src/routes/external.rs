//! Signing in with external providers (auth.md section 12).

use axum::Router;
use axum::routing::get;

use crate::state::State;

mod arrival;
pub(in crate::routes) mod authorize;
mod callback;
mod party;

pub(in crate::routes) use callback::encoded as refusal;

/// The area's part of the route table.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/authorize", get(authorize::redirect))
        .route("/callback", get(callback::follow).post(callback::follow))
}
