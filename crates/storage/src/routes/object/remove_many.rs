//! `DELETE /object/:bucket`: the objects of these keys, as far as the caller may delete them (§9).

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::ask::Ask;
use crate::error::Result;
use crate::removing;

/// Keys of one transaction.
const BATCH: usize = 500;

/// Most keys of a request. The original has no such limit by default; a body of the largest size has fewer.
const MOST: usize = 500_000;

pub(super) async fn answer(ask: Ask, bucket: &str) -> Result<Response> {
    let scope = ask.scope("storage.object.delete_many")?;
    let state = ask.state.clone();
    let keys = ask.fields().await?.required_texts("prefixes", MOST)?;
    let mut shown: Vec<Value> = Vec::new();
    for keys in keys.chunks(BATCH) {
        let deleted = removing::many(&state, &scope, bucket, keys).await?;
        shown.extend(deleted.into_iter().map(|row| row.shown));
    }
    Ok(Json(shown).into_response())
}
