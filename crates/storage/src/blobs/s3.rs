//! Blobs as objects of a bucket in an S3-compatible store: `<prefix><version>`.
//!
//! While a blob is in flight there is an empty object `<prefix>pending/<version>`, as there is a file of that name where blobs
//! are files ([`marking`]). The bytes of a resumable upload are objects `<prefix><version>/<segment>` until it is whole
//! ([`appending`]). Requests are made by `rusty-s3`, which only signs: they go out through the one client of `ferrobase-http`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ferrobase_http::Outgoing;
use ferrobase_jwt::Random;
use futures_util::{Stream, StreamExt, stream};
use rusty_s3::{Bucket, Credentials};
use uuid::Uuid;

use super::{Blob, Blobs, InFlight, Stored};
use crate::config::StoreConfig;
use crate::error::{Result, StorageError};

mod appending;
mod assembling;
mod marking;
mod wire;
mod writing;

pub(super) use appending::{Appending, Writing};
pub(super) use wire::Remote;

use marking::Marks;
use wire::Wire;

/// Removals that are asked for at the same time.
const REMOVALS: usize = 8;

/// A bucket of blobs; cheap to clone.
#[derive(Debug, Clone)]
pub struct S3Blobs(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    wire: Wire,
    random: Random,
    /// Bytes of a part.
    part: u64,
    marks: Marks,
}

impl S3Blobs {
    /// Blobs in the bucket of the settings, which has to be there: asked once, so that a wrong setting is found at the start.
    /// Needs a runtime, in which markers are kept fresh as long as this lives.
    pub async fn open_bucket(config: &StoreConfig, outgoing: Outgoing, random: Random) -> Result<Self> {
        let bucket = Bucket::new(
            config.endpoint.clone(),
            config.style(),
            config.bucket.clone(),
            config.region.clone(),
        );
        let bucket = bucket.map_err(|error| StorageError::Store(error.to_string()))?;
        let credentials = match &config.session_token {
            Some(token) => {
                Credentials::new_with_token(&config.access_key_id, &config.secret_access_key, token)
            }
            None => Credentials::new(&config.access_key_id, &config.secret_access_key),
        };
        let blobs = Self(Arc::new(Inner {
            wire: Wire::new(bucket, credentials, outgoing, config.prefix.clone()),
            random,
            part: config.part_size,
            marks: Marks::new(Duration::from_secs(config.abandoned_seconds)),
        }));
        blobs.0.wire.check().await?;
        marking::keep_fresh(&blobs.0);
        Ok(blobs)
    }

    pub(super) async fn put<S>(&self, limit: u64, stream: S) -> Result<Stored>
    where
        S: Stream<Item = Result<Bytes>> + Send + Unpin,
    {
        writing::put(self, limit, stream).await
    }

    pub(super) fn append(&self, version: Uuid, offset: u64, state: Option<&[u8]>) -> Result<Appending> {
        appending::open(self, version, offset, state)
    }

    pub(super) async fn open(&self, version: Uuid, ahead: bool) -> Result<Blob> {
        let remote = self.0.wire.open(&version.to_string(), ahead).await?;
        Ok(Blob::remote(remote.ok_or(StorageError::NoBlob)?))
    }

    pub(super) async fn copy(&self, from: Uuid) -> Result<InFlight> {
        self.join(vec![from]).await
    }

    pub(super) async fn join(&self, parts: Vec<Uuid>) -> Result<InFlight> {
        let names = parts.iter().map(ToString::to_string);
        let sources = stream::iter(names.map(|name| self.sized(name))).buffered(REMOVALS);
        let sources: Vec<Result<(String, u64)>> = sources.collect().await;
        let sources = sources.into_iter().collect::<Result<Vec<_>>>()?;
        let flight = self.begin();
        self.0.mark(flight.version(), "").await?;
        let mut assembling = assembling::Assembling::new(&self.0, flight.version());
        match assembling.run(&sources).await {
            Ok(()) => Ok(flight),
            Err(error) => {
                assembling.abort().await;
                Err(error)
            }
        }
    }

    async fn sized(&self, name: String) -> Result<(String, u64)> {
        let size = self.0.wire.size(&name).await?.ok_or(StorageError::NoBlob)?;
        Ok((name, size))
    }

    pub(super) async fn remove(&self, versions: Vec<Uuid>) -> Vec<Uuid> {
        let removals = versions.into_iter().map(|version| async move {
            let removed = self.0.remove(version).await;
            removed.err().map(|error| {
                tracing::warn!(%error, %version, "a blob could not be removed");
                version
            })
        });
        let failed = stream::iter(removals).buffer_unordered(REMOVALS);
        failed.filter_map(std::future::ready).collect().await
    }

    pub(super) async fn leftovers(&self) -> Result<Vec<Uuid>> {
        self.0.leftovers().await
    }

    pub(super) fn abandoned(&self) -> Duration {
        self.0.marks.abandoned()
    }

    pub(super) async fn decided(&self, kept: Vec<Uuid>, orphans: Vec<Uuid>) {
        for version in orphans {
            self.0.erase(version).await;
        }
        for version in kept {
            self.0.unmark(version).await;
        }
    }

    pub(super) async fn land(&self, version: Uuid) {
        self.forget(version);
        self.0.unmark(version).await;
    }

    pub(super) fn discard(&self, version: Uuid) {
        let inner = Arc::clone(&self.0);
        // Without a runtime the process ends: the marker stays for the next one.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                inner.erase(version).await;
                inner.marks.remove(version);
            });
        }
    }

    pub(super) fn forget(&self, version: Uuid) {
        self.0.marks.remove(version);
    }

    pub(super) fn check(&self, version: Uuid) -> Result<()> {
        self.0.marks.check(version)
    }

    /// The segments of an upload whose row is there now are superfluous: the blob has their bytes.
    pub(super) fn finished(&self, version: Uuid) {
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move {
            if let Err(error) = inner.remove_below(&format!("{version}/")).await {
                tracing::warn!(%error, %version, "segments of an upload stay until its object is removed");
            }
        });
    }

    fn begin(&self) -> InFlight {
        let version = self.0.random.uuid();
        self.0.marks.insert(version);
        InFlight::new(Blobs::S3(self.clone()), version)
    }
}

impl Inner {
    /// A blob, and what there is of segments.
    async fn remove(&self, version: Uuid) -> Result<()> {
        self.remove_below(&version.to_string()).await
    }

    async fn remove_below(&self, prefix: &str) -> Result<()> {
        let found = self.wire.list(prefix).await?;
        let names: Vec<String> = found.entries.into_iter().map(|entry| entry.name).collect();
        self.wire.delete(&names).await
    }
}
