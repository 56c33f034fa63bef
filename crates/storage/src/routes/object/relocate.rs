//! `POST /object/move`: another key, or another bucket, for the same object (§9).

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::ask::Ask;
use crate::blobs::InFlight;
use crate::error::{Result, StorageError};
use crate::model::names;
use crate::permission;
use crate::scope::Scope;
use crate::state::State;
use crate::store::objects::{self, Destination};
use crate::store::{pending, scope};

pub(super) async fn answer(ask: Ask) -> Result<Response> {
    let scope = ask.scope("storage.object.move")?;
    let state = ask.state.clone();
    let fields = ask.fields().await?;
    fields.require(&["bucketId", "sourceKey", "destinationKey"])?;
    let (bucket, key) = (
        fields.required_text("bucketId")?,
        fields.required_text("sourceKey")?,
    );
    let mut to = Destination {
        name: fields.required_text("destinationKey")?,
        bucket: fields
            .text("destinationBucket")?
            .filter(|to| !to.is_empty())
            .unwrap_or_else(|| bucket.clone()),
        version: permission::VERSION.to_owned(),
        owner_id: scope.caller.sub.clone(),
    };
    names::check_key(&to.name)?;
    Box::pin(permission::may_move(&state, &scope, &bucket, &key, &to)).await?;
    if (&to.bucket, &to.name) != (&bucket, &key) {
        let flight = copied(&state, &scope, &bucket, &key).await?;
        to.version = flight.version().to_string();
        let change = Box::pin(change(state.clone(), scope.as_service(), bucket, key, to));
        flight.settle(change).await?;
    }
    Ok(Json(json!({ "message": "Successfully moved" })).into_response())
}

/// The object's bytes under a new version, so that answers that are remembered by version stay right.
async fn copied(state: &State, scope: &Scope, bucket: &str, key: &str) -> Result<InFlight> {
    let object = permission::read(state, &scope.as_service(), bucket, key).await?;
    let version = object.blob().ok_or(StorageError::NoBlob)?;
    state.blobs.copy(version).await
}

/// The row goes where the copy is. One that was replaced since is left alone.
async fn change(state: State, service: Scope, bucket: String, key: String, to: Destination) -> Result<()> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    service.enter(&tx).await?;
    // In one order, whatever the direction, so that two moves wait for each other instead of for ever.
    let mut keys = [(&bucket, &key), (&to.bucket, &to.name)];
    keys.sort();
    let mut old = None;
    for (locked_bucket, locked_key) in keys {
        let row = objects::lock(&tx, locked_bucket, locked_key).await?;
        if (locked_bucket, locked_key) == (&bucket, &key) {
            old = row;
        } else if row.is_some() {
            return Err(StorageError::ResourceAlreadyExists);
        }
    }
    let old = old.ok_or(StorageError::NoSuchKey)?;
    objects::relocate(&tx, &bucket, &key, &to).await?;
    scope::leave(&tx).await?;
    pending::add(&tx, &bucket, &old.version.into_iter().collect::<Vec<_>>()).await?;
    tx.commit().await?;
    state.wake_sweep();
    Ok(())
}
