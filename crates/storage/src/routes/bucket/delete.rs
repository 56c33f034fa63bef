//! `DELETE /bucket/:id`: an empty one.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::ask::Ask;
use crate::error::{Result, StorageError};
use crate::store::buckets;

pub(super) async fn answer(ask: Ask, id: &str) -> Result<Response> {
    let scope = ask.scope("storage.bucket.delete")?;
    let mut connection = ask.state.pool.get().await?;
    let tx = connection.begin().await?;
    // Whether it is empty is asked as the owner of the tables: the caller may not see all that is in it.
    if buckets::lock(&tx, id).await? {
        return Err(StorageError::ResourceNotEmpty);
    }
    let (entered, deleted) = futures_util::join!(scope.enter(&tx), buckets::delete(&tx, id));
    entered?;
    deleted?;
    tx.commit().await?;
    Ok(Json(json!({ "message": "Successfully deleted" })).into_response())
}
