//! What every operation has at hand.

use std::ops::Deref;
use std::sync::Arc;

use ferrobase_db::Pool;
use ferrobase_jwt::{Clock, TokenKeys};
use tokio::sync::Notify;

use crate::blobs::Blobs;
use crate::config::StorageConfig;
use crate::images::Images;
use crate::locks::Locks;
use crate::s3::identity::S3Keys;

/// What the service is made of.
#[derive(Debug)]
pub struct Parts {
    /// Its settings.
    pub config: StorageConfig,
    /// Connections as the owner of the `storage` schema.
    pub pool: Pool,
    /// Verifies tokens and signs URLs.
    pub keys: TokenKeys,
    /// The bytes.
    pub blobs: Blobs,
    /// Keys of the S3 protocol.
    pub s3_keys: S3Keys,
    /// Time.
    pub clock: Clock,
}

/// The service; cheap to clone.
#[derive(Debug, Clone)]
pub struct State(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: Parts,
    images: Images,
    /// There are blobs to be removed.
    sweep: Notify,
    /// Who writes to which resumable upload.
    locks: Locks,
}

impl State {
    /// Puts the service together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            images: Images::new(parts.config.images.clone()),
            locks: Locks::new(parts.pool.clone()),
            parts,
            sweep: Notify::new(),
        }))
    }

    /// Makes images.
    pub fn images(&self) -> &Images {
        &self.0.images
    }

    /// Tells the sweep that there may be work.
    pub fn wake_sweep(&self) {
        self.0.sweep.notify_one();
    }

    /// Who writes to which resumable upload.
    pub fn locks(&self) -> &Locks {
        &self.0.locks
    }

    /// Resolves when there may be work for the sweep.
    pub(crate) async fn sweep_woken(&self) {
        self.0.sweep.notified().await;
    }
}

impl Deref for State {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}
