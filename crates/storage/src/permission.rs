//! What a caller may do, found out by doing it in a transaction that is always rolled back (§8).

use crate::error::Result;
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
    let (entered, written) = futures_util::join!(scope.enter(&tx), write);
    entered?;
    written?;
    tx.rollback().await?;
    Ok(())
}

/// The object as far as the caller may see it.
pub async fn read(state: &State, scope: &Scope, bucket: &str, key: &str) -> Result<Object> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let (entered, found) = futures_util::join!(scope.enter(&tx), objects::find(&tx, bucket, key));
    entered?;
    let found = found?;
    tx.rollback().await?;
    Ok(found)
}

/// Whether the caller may move an object there.
pub async fn may_move(state: &State, scope: &Scope, bucket: &str, key: &str, to: &Destination) -> Result<()> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    objects::lock_two(&tx, (bucket, key), (&to.bucket, &to.name)).await?;
    let (entered, found, moved) = futures_util::join!(
        scope.enter(&tx),
        objects::find(&tx, bucket, key),
        objects::relocate(&tx, bucket, key, to)
    );
    entered?;
    found?;
    moved?;
    tx.rollback().await?;
    Ok(())
}
