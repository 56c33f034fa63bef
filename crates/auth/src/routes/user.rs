//! The signed-in user.

use axum::Router;
use axum::routing::{delete, get, post};

use crate::state::State;

mod change;
mod grants;
pub(super) mod identities;
mod logout;
mod show;
mod update;

/// The area's part of the route table.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/user", get(show::show).put(update::update))
        .route("/user/", get(show::show).put(update::update))
        .route("/user/identities/authorize", get(identities::authorize::redirect))
        .route(
            "/user/identities/{identity_id}",
            delete(identities::unlink::delete),
        )
        .route(
            "/user/oauth/grants",
            get(grants::list::list).delete(grants::revoke::revoke),
        )
        .route(
            "/user/oauth/grants/",
            get(grants::list::list).delete(grants::revoke::revoke),
        )
        .route("/logout", post(logout::end))
}
