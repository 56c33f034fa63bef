//! `GET /health`: whether the database answers, for holders of a token.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::ask::Ask;
use crate::caller::Caller;
use crate::error::Result;
use crate::store::buckets;

pub(in crate::routes) async fn answer(ask: Ask) -> Result<Response> {
    Caller::verified(&ask.parts, &ask.state)?;
    let healthy = buckets::are_there(&ask.state.pool.reads()).await;
    Ok(Json(json!({ "healthy": healthy })).into_response())
}
