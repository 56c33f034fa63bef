//! The service about itself.

use axum::Router;
use axum::routing::get;

use crate::state::State;

pub(super) mod deadline;
mod discovery;
mod health;
mod jwks;
mod settings;

/// The area's part of the route table.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/health", get(health::show))
        .route("/settings", get(settings::show))
        .route("/.well-known/jwks.json", get(jwks::show))
        .route("/.well-known/openid-configuration", get(discovery::openid))
        .route(
            "/.well-known/oauth-authorization-server",
            get(discovery::oauth_server),
        )
}
