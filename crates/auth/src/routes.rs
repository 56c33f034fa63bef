//! The route table, in the order of the reference (auth.md). Each area has its own part in `routes/<area>.rs`; every
//! handler is a file of its own below.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};

use crate::error;
use crate::state::State;

mod admin;
mod external;
mod factors;
mod oauth;
mod one_time;
mod passkeys;
mod service;
mod sign_up;
mod sso;
mod token;
mod user;

/// The service's routes, below its root (`/auth/v1` behind the gateway).
pub fn router(state: State) -> Router {
    let timeout = state.config.request_timeout;
    Router::new()
        .merge(service::routes())
        .merge(sign_up::routes())
        .merge(token::routes())
        .merge(one_time::routes())
        .merge(user::routes())
        .merge(factors::routes())
        .merge(external::routes())
        .merge(passkeys::routes())
        .merge(oauth::routes())
        .merge(sso::routes())
        .merge(admin::routes())
        .fallback(not_found)
        .method_not_allowed_fallback(|| async { StatusCode::METHOD_NOT_ALLOWED })
        .layer(middleware::from_fn(move |request, next| {
            service::deadline::enforce(timeout, request, next)
        }))
        .layer(middleware::from_fn(error::render))
        .with_state(state)
}

async fn not_found() -> Response {
    (
        StatusCode::NOT_FOUND,
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
        "404 page not found\n",
    )
        .into_response()
}
