//! `DELETE /object/:bucket/*` (§9).

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::ask::{Ask, Target};
use crate::error::Result;
use crate::removing;

pub(super) async fn answer(ask: Ask, target: Target) -> Result<Response> {
    let scope = ask.scope("storage.object.delete")?;
    target.check()?;
    removing::one(&ask.state, &scope, &target).await?;
    Ok(Json(json!({ "message": "Successfully deleted" })).into_response())
}
