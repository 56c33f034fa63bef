//! What a caller may do, found out by doing it in a transaction that is always rolled back (§8).

use crate::error::{Result, StorageError};
use crate::scope::Scope;
use crate::state::State;
use crate::store::objects::{self, Destination, NewObject, Object};

/// The version in rows that are never committed.
pub const VERSION: &str = "1";

/// Whether the caller may make such a row, or replace it.
pub async fn may_write(state: &State, scope: &Scope, new: &NewObject, is_upsert: bool) -> Result<()> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let write = async {
        if is_upsert {
            objects::upsert(&tx, new).await.map(drop)
        } else {
            objects::insert(&tx, new).await
        }
    };
    let (entered, written, undone) = futures_util::join!(scope.enter(&tx), write, tx.undo());
    entered?;
    written?;
    Ok(undone?)
}

/// The object as far as the caller may see it.
pub async fn read(state: &State, scope: &Scope, bucket: &str, key: &str) -> Result<Object> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let (entered, found, undone) =
        futures_util::join!(scope.enter(&tx), objects::find(&tx, bucket, key), tx.undo());
    entered?;
    let found = found?;
    undone?;
    Ok(found)
}

/// The same where a public bucket asks for no rights. One round trip, whichever it is.
pub async fn read_unless_public(state: &State, scope: &Scope, bucket: &str, key: &str) -> Result<Object> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let (all, entered, found, undone) = futures_util::join!(
        objects::find_with_bucket(&tx, bucket, key),
        scope.enter(&tx),
        objects::find(&tx, bucket, key),
        tx.undo()
    );
    let (is_public, object) = all?;
    if is_public {
        return object.ok_or(StorageError::NoSuchKey);
    }
    entered?;
    let found = found?;
    undone?;
    Ok(found)
}

/// Whether the caller may move an object there.
pub async fn may_move(state: &State, scope: &Scope, bucket: &str, key: &str, to: &Destination) -> Result<()> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    objects::lock_two(&tx, (bucket, key), (&to.bucket, &to.name)).await?;
    let (entered, found, moved, undone) = futures_util::join!(
        scope.enter(&tx),
        objects::find(&tx, bucket, key),
        objects::relocate(&tx, bucket, key, to),
        tx.undo()
    );
    entered?;
    found?;
    moved?;
    Ok(undone?)
}
