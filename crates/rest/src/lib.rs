//! The data API: PostgREST's dialect (rest.md), one round trip to the database per request.
//!
//! A request passes through a pipeline whose stages know nothing of the next: [`request`] reads the HTTP request,
//! [`plan`] decides against the [`schema`] cache what it means, `statement` writes the SQL, `serve` sends it, `response`
//! makes the answer. Start reading at `serve.rs`.

mod config;
mod cors;
mod error;
mod identity;
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
pub use state::{Parts, State};
pub use tasks::run_tasks;

use axum::Router;
use axum::middleware::from_fn_with_state;

/// The data API below whatever path it is nested at. Who asks is taken from the gateway's `Caller` where there is one.
pub fn router(state: State) -> Router {
    Router::new().fallback(serve::answer).with_state(state)
}

/// The data API on its own: it verifies tokens and answers cross-origin requests itself.
pub fn standalone(state: State) -> Router {
    router(state.clone()).layer(from_fn_with_state(state, cors::layer))
}
