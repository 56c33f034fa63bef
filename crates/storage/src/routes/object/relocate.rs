//! `POST /object/move`: another key, or another bucket, for the same object (§9).

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::ask::{Ask, Target};
use crate::error::{Result, StorageError};
use crate::model::names;
use crate::permission;
use crate::scope::Scope;
use crate::state::State;
use crate::store::objects::{self, Destination};
use crate::store::{pending, scope};

/// How often an object is tried that others replace meanwhile.
const ATTEMPTS: usize = 5;

pub(super) async fn answer(ask: Ask) -> Result<Response> {
    let scope = ask.scope("storage.object.move")?;
    let state = ask.state.clone();
    let fields = ask.fields().await?;
    fields.require(&["bucketId", "sourceKey", "destinationKey"])?;
    let (bucket, key) = (
        fields.required_text("bucketId")?,
        fields.required_text("sourceKey")?,
    );
    let to = Destination {
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
    if (&to.bucket, &to.name) == (&bucket, &key) {
        return Ok(moved());
    }
    let from = Target { bucket, key };
    for _ in 0..ATTEMPTS {
        match relocate(&state, &scope, &from, &to).await {
            // It was replaced while its bytes were copied.
            Err(StorageError::Overtaken | StorageError::NoBlob) => {}
            other => return other.map(|()| moved()),
        }
    }
    relocate(&state, &scope, &from, &to).await.map(|()| moved())
}

fn moved() -> Response {
    Json(json!({ "message": "Successfully moved" })).into_response()
}

/// The bytes get a new version, so that answers that are remembered by version stay right.
async fn relocate(state: &State, scope: &Scope, from: &Target, to: &Destination) -> Result<()> {
    let service = scope.as_service();
    let object = permission::read(state, &service, &from.bucket, &from.key).await?;
    let flight = state
        .blobs
        .copy(object.blob().ok_or(StorageError::NoBlob)?)
        .await?;
    let to = Destination {
        version: flight.version().to_string(),
        ..to.clone()
    };
    let change = Box::pin(change(state.clone(), service, from.clone(), object.version, to));
    flight.settle(change).await
}

/// The row goes where the copy is, unless it names other bytes by now: `Overtaken`.
async fn change(
    state: State,
    service: Scope,
    from: Target,
    copied: Option<String>,
    to: Destination,
) -> Result<()> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    service.enter(&tx).await?;
    objects::lock_two(&tx, (&from.bucket, &from.key), (&to.bucket, &to.name)).await?;
    let old = objects::lock(&tx, &from.bucket, &from.key).await?;
    let old = old.ok_or(StorageError::NoSuchKey)?;
    if old.version != copied {
        return Err(StorageError::Overtaken);
    }
    objects::relocate(&tx, &from.bucket, &from.key, &to).await?;
    scope::leave(&tx).await?;
    pending::add(&tx, &from.bucket, &old.version.into_iter().collect::<Vec<_>>()).await?;
    tx.commit().await?;
    state.wake_sweep();
    Ok(())
}
