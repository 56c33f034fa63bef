//! `POST /bucket/:id/empty`: removes all objects that are in it now, at once.

use axum::Json;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::json;

use crate::ask::Ask;
use crate::error::{Result, StorageError};
use crate::scope::Scope;
use crate::state::State;
use crate::store::{batches, buckets, pending, scope};

/// More objects than this are not removed at once.
const MOST: i64 = 200_000;

/// Objects of one transaction.
const BATCH: i64 = 500;

pub(super) async fn answer(ask: Ask, id: &str) -> Result<Response> {
    let scope = ask.scope("storage.bucket.empty")?;
    scope.caller.must_be_service()?;
    buckets::find(&ask.state.pool.reads(), id).await?;
    let (count, now) = batches::count_up_to(&ask.state.pool, id, MOST + 1).await?;
    if count > MOST {
        return Err(StorageError::TooManyObjects(format!(
            "Buckets with more than {MOST} objects cannot be emptied at once"
        )));
    }
    // Goes on when the client does not wait for the end.
    let task = tokio::spawn(empty(ask.state.clone(), scope, id.to_owned(), now));
    task.await
        .map_err(|error| StorageError::Internal(error.to_string()))??;
    let message = "Empty bucket has been queued. Completion may take up to an hour.";
    Ok(Json(json!({ "message": message })).into_response())
}

async fn empty(state: State, caller: Scope, bucket: String, until: DateTime<Utc>) -> Result<()> {
    loop {
        let mut connection = state.pool.get().await?;
        let tx = connection.begin().await?;
        let (entered, deleted) =
            futures_util::join!(caller.enter(&tx), batches::empty(&tx, &bucket, until, BATCH));
        entered?;
        let deleted = deleted?;
        let count = deleted.len();
        let versions: Vec<String> = deleted.into_iter().flatten().collect();
        scope::leave(&tx).await?;
        pending::add(&tx, &bucket, &versions).await?;
        tx.commit().await?;
        state.wake_sweep();
        if i64::try_from(count).unwrap_or(BATCH) < BATCH {
            return Ok(());
        }
    }
}
