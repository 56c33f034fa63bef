//! The route table, in the order of the reference (auth.md). Every handler is a file of its own below.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};

use crate::error;
use crate::state::State;

mod admin;
mod factors;
mod one_time;
mod service;
mod sign_up;
mod token;
mod user;

/// The service's routes, below its root (`/auth/v1` behind the gateway).
pub fn router(state: State) -> Router {
    let timeout = state.config.request_timeout;
    Router::new()
        .route("/health", get(service::health::show))
        .route("/settings", get(service::settings::show))
        .route("/.well-known/jwks.json", get(service::jwks::show))
        .route("/signup", post(sign_up::signup::create))
        .route("/token", post(token::grant))
        .route("/otp", post(one_time::otp::send))
        .route("/magiclink", post(one_time::magiclink::send))
        .route("/recover", post(one_time::recover::send))
        .route("/resend", post(one_time::resend::send))
        .route("/reauthenticate", get(one_time::reauthenticate::send))
        .route(
            "/verify",
            get(one_time::verify_link::follow).post(one_time::verify::check),
        )
        .route("/user", get(user::show::show).put(user::update::update))
        .route("/logout", post(user::logout::end))
        .route("/factors", post(factors::enroll::create))
        .route("/factors/", post(factors::enroll::create))
        .route(
            "/factors/recovery-codes",
            get(factors::recovery_codes::status::show)
                .post(factors::recovery_codes::generate::create)
                .delete(factors::recovery_codes::unenroll::delete),
        )
        .route(
            "/factors/recovery-codes/regenerate",
            post(factors::recovery_codes::regenerate::create),
        )
        .route(
            "/factors/recovery-codes/verify",
            post(factors::recovery_codes::verify::check),
        )
        .route(
            "/factors/{factor_id}",
            axum::routing::delete(factors::unenroll::delete),
        )
        .route("/factors/{factor_id}/challenge", post(factors::challenge::create))
        .route("/factors/{factor_id}/verify", post(factors::verify::check))
        .route("/admin/generate_link", post(admin::generate_link::create))
        .route("/admin/users", post(admin::users::create::create))
        .route("/admin/users/", post(admin::users::create::create))
        .route(
            "/admin/users/{user_id}",
            get(admin::users::show::show)
                .put(admin::users::update::update)
                .delete(admin::users::delete::delete),
        )
        .route("/admin/users/{user_id}/factors", get(admin::factors::list))
        .route(
            "/admin/users/{user_id}/factors/{factor_id}",
            put(admin::factors::update).delete(admin::factors::delete),
        )
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
