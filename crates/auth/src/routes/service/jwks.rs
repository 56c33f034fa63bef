//! `GET /.well-known/jwks.json`: the public keys of user tokens (auth.md 5.2).

use axum::extract::State as Shared;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

use crate::state::State;

pub(in crate::routes) async fn show(Shared(state): Shared<State>) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "public, max-age=600"),
    ];
    (headers, state.keys.jwks_json().to_string())
}
