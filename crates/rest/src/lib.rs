//! The data API: PostgREST's dialect (rest.md), one round trip to the database per request.
//!
//! A request passes through a pipeline whose stages know nothing of the next: [`request`] reads the HTTP request,
//! [`plan`] decides against the [`schema`] cache what it means, `statement` writes the SQL, `serve` sends it, `response`
//! makes the answer. Start reading at `serve.rs`.

mod config;
mod cors;
mod error;
mod identity;
mod json_rows;
pub mod openapi;
pub mod plan;
pub mod request;
mod response;
pub mod schema;
mod serve;
mod state;
mod statement;
mod tasks;
mod timing;

pub use config::{
    Environment, FunctionName, OpenApiMode, ProjectError, RestConfig, SettingError, TransactionEnd,
};
pub use error::{RangeError, RestError, TokenError};
pub use state::{Parts, Service as State};
pub use tasks::run_tasks;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::response::Response;

/// Answers every request of the data API, whose paths begin at the root. Who asks is taken from the gateway's `Caller`
/// where there is one.
pub async fn answer(state: State, request: Request) -> Response {
    // From here on settings and schema cache stay what they are now.
    serve::answer(state.now(), request).await
}

/// The data API on its own: it verifies tokens and answers cross-origin requests itself.
pub fn standalone(state: State) -> Router {
    let shared = state.clone();
    Router::new()
        .fallback(move |request: Request| answer(shared.clone(), request))
        .layer(from_fn_with_state(state, cors::layer))
}
