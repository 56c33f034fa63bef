//! Objects go: the row as the caller, its blob by the sweep (§9).

use crate::ask::Target;
use crate::error::{Result, StorageError};
use crate::scope::Scope;
use crate::state::State;
use crate::store::batches::{self, Deleted};
use crate::store::{objects, pending, scope};

/// Removes one object; `NoSuchKey` where there is none, whoever asks, `AccessDenied` where the caller may not.
pub async fn one(state: &State, caller: &Scope, target: &Target) -> Result<()> {
    let (bucket, key) = (target.bucket.as_str(), target.key.as_str());
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    objects::lock(&tx, bucket, key)
        .await?
        .ok_or(StorageError::NoSuchKey)?;
    let (entered, deleted) = futures_util::join!(caller.enter(&tx), objects::delete(&tx, bucket, key));
    entered?;
    let Some(version) = deleted? else {
        return Err(StorageError::AccessDenied("Access denied".to_owned()));
    };
    scope::leave(&tx).await?;
    pending::add(&tx, bucket, &version.into_iter().collect::<Vec<_>>()).await?;
    tx.commit().await?;
    state.wake_sweep();
    Ok(())
}

/// Removes those of these that the caller may remove, in one transaction.
pub async fn many(state: &State, caller: &Scope, bucket: &str, keys: &[String]) -> Result<Vec<Deleted>> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    batches::lock(&tx, bucket, keys).await?;
    let (entered, deleted) = futures_util::join!(caller.enter(&tx), batches::delete(&tx, bucket, keys));
    entered?;
    let deleted = deleted?;
    let versions: Vec<String> = deleted.iter().filter_map(|row| row.version.clone()).collect();
    scope::leave(&tx).await?;
    pending::add(&tx, bucket, &versions).await?;
    tx.commit().await?;
    state.wake_sweep();
    Ok(deleted)
}
