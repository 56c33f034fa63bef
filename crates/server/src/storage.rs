//! The Storage service of a start: its folder, its connections, the configuration's buckets.

use std::path::PathBuf;

use ferrobase_db::{Db, PoolRole};
use ferrobase_http::{Outgoing, Policy};
use ferrobase_jwt::{Clock, ProjectKeys, Random, TokenKeys};
use ferrobase_storage::blobs::{Blobs, FsBlobs, S3Blobs};
use ferrobase_storage::config::StoreConfig;
use ferrobase_storage::{Parts, S3Keys, State, StorageConfig, seed};

use crate::error::StartError;
use crate::start::USER_AGENT;

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
    let blobs = match &config.store {
        Some(store) => Blobs::S3(bucket(store, random).await?),
        None => Blobs::Fs(
            FsBlobs::open_root(&folder, random)
                .map_err(|source| StartError::State { path: folder, source })?,
        ),
    };
    let state = State::new(Parts {
        config,
        pool: db.pool(PoolRole::StorageAdmin)?,
        keys,
        blobs,
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

/// The operator names the store: it may have a private address.
async fn bucket(store: &StoreConfig, random: Random) -> Result<S3Blobs, StartError> {
    let policy = Policy {
        allow_private: true,
        idle_per_host: store.max_sockets,
        user_agent: USER_AGENT.to_owned(),
    };
    let outgoing = Outgoing::new(&policy).map_err(|error| StartError::Outgoing(error.to_string()))?;
    let opened = S3Blobs::open_bucket(store, outgoing, random).await;
    opened.map_err(|error| StartError::Store {
        endpoint: store.endpoint.to_string(),
        bucket: store.bucket.clone(),
        reason: error.detail(),
    })
}
