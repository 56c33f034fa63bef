//! What a process that died in the middle left behind.

use axum::body::Body;
use bytes::Bytes;
use ferrobase_db::{Db, DbOptions, Executor, PoolRole, Target};
use ferrobase_jwt::{Clock, KeySet, Random, TokenKeys};
use ferrobase_storage::blobs::{Blobs, FsBlobs};
use ferrobase_storage::config::S3Config;
use ferrobase_storage::{Parts, S3Keys, State, StorageConfig, StorageError, sweeping};

use super::*;

fn config() -> StorageConfig {
    StorageConfig {
        enabled: true,
        file_size_limit: 1 << 20,
        store: None,
        path: None,
        signed_upload_seconds: 60,
        s3: S3Config::default(),
        images: ferrobase_storage::config::ImageConfig::default(),
        resumable_milliseconds: 60_000,
        public_url: None,
        buckets: Vec::new(),
    }
}

/// A service of its own beside the backend's, on the same database.
pub(super) fn state(backend: &Backend, root: &std::path::Path) -> State {
    let db = Db::new(&DbOptions {
        target: Target::Url(backend.endpoints().db_url.clone()),
        max_connections: 2,
    })
    .unwrap();
    let keys = KeySet {
        secret: backend.endpoints().jwt_secret.clone().into(),
        jwks: Vec::new(),
        sign_with_secret: true,
    };
    State::new(Parts {
        config: config(),
        pool: db.pool(PoolRole::StorageAdmin).unwrap(),
        keys: TokenKeys::new(&keys, Clock::System).unwrap(),
        blobs: Blobs::Fs(FsBlobs::open_root(root, Random).unwrap()),
        s3_keys: S3Keys::default(),
        clock: Clock::System,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn those_with_a_row_stay() {
    let backend = Backend::start("").await;
    Owner(&backend).bucket(json!({ "name": "b" })).await;
    let root = tempfile::tempdir().unwrap();
    let put = |blobs: Blobs| async move {
        let body = Body::from("x").into_data_stream();
        let chunks = futures_util::StreamExt::map(body, |chunk| {
            chunk.map_err(|_| StorageError::BrokenBody) as Result<Bytes, StorageError>
        });
        blobs.put(10, chunks).await.unwrap().flight
    };
    let dead = state(&backend, root.path());
    let (kept, orphan) = (put(dead.blobs.clone()).await, put(dead.blobs.clone()).await);
    let (kept_version, orphan_version) = (kept.version(), orphan.version());
    // As after a kill between the commit and what follows it: nothing is tidied up. The lock of the folder goes with the
    // process, here with the last value that holds it, and flights hold it too.
    std::mem::forget((kept, orphan));
    let inserted = backend
        .sql()
        .execute(
            "insert into storage.objects (bucket_id, name, version) values ('b', 'k', $1)",
            &[&kept_version.to_string()],
        )
        .await;
    assert_eq!(inserted.unwrap(), 1);

    let alive = state(&backend, root.path());
    // The dead one still holds the lock in this process, so that age decides: make the markers old.
    let old = std::time::SystemTime::from(Clock::System.now()) - Duration::from_secs(7200);
    for version in [kept_version, orphan_version] {
        let name = version.to_string();
        let path = root.path().join(&name[..2]).join(&name);
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(old).unwrap();
    }
    sweeping::leftovers(&alive).await.unwrap();
    assert!(alive.blobs.open(kept_version, true).await.is_ok());
    assert!(matches!(
        alive.blobs.open(orphan_version, true).await,
        Err(StorageError::NoBlob)
    ));
    assert_eq!(std::fs::read_dir(root.path().join("pending")).unwrap().count(), 0);
    backend.stop().await;
}
