//! The Storage service of a start: its folder, its connections, the configuration's buckets.

use std::path::PathBuf;

use ferrobase_db::{Db, PoolRole};
use ferrobase_jwt::{Clock, Random, TokenKeys};
use ferrobase_storage::blobs::{Blobs, FsBlobs};
use ferrobase_storage::{Parts, State, StorageConfig, seed};

use crate::error::StartError;

/// Puts the service together and makes its buckets; `None` when it is off.
pub(crate) async fn open(
    config: StorageConfig,
    folder: PathBuf,
    db: &Db,
    keys: TokenKeys,
    clock: Clock,
    random: Random,
) -> Result<Option<State>, StartError> {
    if !config.enabled {
        return Ok(None);
    }
    let files =
        FsBlobs::open_root(&folder, random).map_err(|source| StartError::State { path: folder, source })?;
    let state = State::new(Parts {
        config,
        pool: db.pool(PoolRole::StorageAdmin)?,
        keys,
        blobs: Blobs::Fs(files),
        clock,
    });
    Box::pin(seed(&state)).await?;
    Ok(Some(state))
}
