//! The Storage service of a start: its folder, its connections, the configuration's buckets.

use std::path::PathBuf;

use ferrobase_db::{Db, PoolRole};
use ferrobase_jwt::{Clock, ProjectKeys, Random, TokenKeys};
use ferrobase_storage::blobs::{Blobs, FsBlobs};
use ferrobase_storage::{Parts, S3Keys, State, StorageConfig, seed};

use crate::error::StartError;

/// Puts the service together and makes its buckets; `None` when it is off.
pub(crate) async fn open(
    folder: PathBuf,
    config: StorageConfig,
    db: &Db,
    keys: TokenKeys,
    project: &ProjectKeys,
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
        s3_keys: S3Keys {
            access_key_id: project.s3_access_key_id.clone(),
            secret_access_key: project.s3_secret_access_key.clone(),
            public_keys: vec![project.anon_key.clone(), project.publishable_key.clone()],
        },
        clock,
    });
    Box::pin(seed(&state)).await?;
    Ok(Some(state))
}
