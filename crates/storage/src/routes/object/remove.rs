//! `DELETE /object/:bucket/*` (§9).

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::ask::{Ask, Target};
use crate::error::{Result, StorageError};
use crate::store::{objects, pending, scope};

pub(super) async fn answer(ask: Ask, target: Target) -> Result<Response> {
    let scope = ask.scope("storage.object.delete")?;
    target.check()?;
    let (bucket, key) = (target.bucket.as_str(), target.key.as_str());
    let mut connection = ask.state.pool.get().await?;
    let tx = connection.begin().await?;
    objects::lock(&tx, bucket, key)
        .await?
        .ok_or(StorageError::NoSuchKey)?;
    let (entered, deleted) = futures_util::join!(scope.enter(&tx), objects::delete(&tx, bucket, key));
    entered?;
    let Some(version) = deleted? else {
        return Err(StorageError::AccessDenied("Access denied".to_owned()));
    };
    scope::leave(&tx).await?;
    pending::add(&tx, bucket, &version.into_iter().collect::<Vec<_>>()).await?;
    tx.commit().await?;
    ask.state.wake_sweep();
    Ok(Json(json!({ "message": "Successfully deleted" })).into_response())
}
