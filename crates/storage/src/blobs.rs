//! Where the bytes are. A blob is written once under its version and never changed; rows say which version counts.
//!
//! Each kind of store is a variant of [`Blobs`]: files of a folder ([`fs`]) or objects of a bucket elsewhere ([`s3`]).
//! Between the moment that a blob is begun and the moment that its row is decided it is [`InFlight`]; what a crash leaves in
//! flight is found again by [`Blobs::leftovers`].

mod appending;
mod cached;
mod fs;
mod in_flight;
mod reading;
mod s3;

use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use uuid::Uuid;

use crate::error::Result;

pub use appending::{Appending, Writing};
pub use fs::FsBlobs;
pub use in_flight::InFlight;
pub use reading::Blob;
pub use s3::S3Blobs;

/// A blob that was stored and has no row yet.
#[derive(Debug)]
pub struct Stored {
    /// Bytes.
    pub size: u64,
    /// MD5 of the content in hexadecimal digits.
    pub md5: String,
    /// Its version, and what becomes of it.
    pub flight: InFlight,
}

/// A store of blobs; cheap to clone.
#[derive(Debug, Clone)]
pub enum Blobs {
    /// Files of a folder.
    Fs(FsBlobs),
    /// Objects of a bucket in an S3-compatible store.
    S3(S3Blobs),
}

impl Blobs {
    /// Writes a stream under a new version. It lasts when this returns; nothing is left of a stream that breaks off or has
    /// more than `limit` bytes (`TooLarge`).
    pub async fn put<S>(&self, limit: u64, stream: S) -> Result<Stored>
    where
        S: Stream<Item = Result<Bytes>> + Send + Unpin,
    {
        match self {
            Self::Fs(files) => files.put(limit, stream).await,
            Self::S3(bucket) => bucket.put(limit, stream).await,
        }
    }

    /// Goes on with the blob of a resumable upload behind its first `offset` bytes, after which it was in `state`. What comes
    /// behind them is cut off. `NoBlob` when there are fewer, `ResourceLocked` when somebody else writes.
    pub async fn append(&self, version: Uuid, offset: u64, state: Option<Vec<u8>>) -> Result<Appending> {
        match self {
            Self::Fs(files) => files.append(version, offset, state).await.map(Appending::Fs),
            Self::S3(bucket) => bucket
                .append(version, offset, state.as_deref())
                .map(Appending::S3),
        }
    }

    /// Opens a blob; `NoBlob` when it is not there. With `ahead` its beginning is read along.
    pub async fn open(&self, version: Uuid, ahead: bool) -> Result<Blob> {
        match self {
            Self::Fs(files) => files.open(version, ahead).await,
            Self::S3(bucket) => bucket.open(version, ahead).await,
        }
    }

    /// The same bytes under a new version. `NoBlob` when there are none.
    pub async fn copy(&self, from: Uuid) -> Result<InFlight> {
        match self {
            Self::Fs(files) => files.copy(from).await,
            Self::S3(bucket) => bucket.copy(from).await,
        }
    }

    /// The bytes of several, one behind the other, under a new version. It lasts when this returns. `NoBlob` when one of them
    /// is not there.
    pub async fn join(&self, parts: Vec<Uuid>) -> Result<InFlight> {
        match self {
            Self::Fs(files) => files.join(parts).await,
            Self::S3(bucket) => bucket.join(parts).await,
        }
    }

    /// Removes blobs; one that is not there is removed already. Returns those that could not be removed.
    pub async fn remove(&self, versions: Vec<Uuid>) -> Vec<Uuid> {
        match self {
            Self::Fs(files) => files.remove(versions).await,
            Self::S3(bucket) => bucket.remove(versions).await,
        }
    }

    /// Blobs that somebody began and did not decide on: a process that died. Whether they have rows is the caller's to find
    /// out, who then says so by [`Self::decided`].
    pub async fn leftovers(&self) -> Result<Vec<Uuid>> {
        match self {
            Self::Fs(files) => files.leftovers().await,
            Self::S3(bucket) => bucket.leftovers().await,
        }
    }

    /// Age from which on a blob in flight that nobody touched is a leftover.
    pub fn abandoned(&self) -> Duration {
        match self {
            Self::Fs(_) => fs::ABANDONED,
            Self::S3(bucket) => bucket.abandoned(),
        }
    }

    /// The rows of leftovers are known: those of `kept` stay, those of `orphans` go.
    pub async fn decided(&self, kept: Vec<Uuid>, orphans: Vec<Uuid>) {
        match self {
            Self::Fs(files) => files.decided(kept, orphans).await,
            Self::S3(bucket) => bucket.decided(kept, orphans).await,
        }
    }

    /// The blob's row is there: nothing else has to be remembered.
    pub(super) async fn land(&self, version: Uuid) {
        match self {
            Self::Fs(files) => files.land(version).await,
            Self::S3(bucket) => bucket.land(version).await,
        }
    }

    /// Removes a blob that gets no row, in the background.
    pub(super) fn discard(&self, version: Uuid) {
        match self {
            Self::Fs(files) => files.discard(version),
            Self::S3(bucket) => bucket.discard(version),
        }
    }

    /// Nobody in this process works on the blob any more.
    pub(super) fn forget(&self, version: Uuid) {
        match self {
            Self::Fs(files) => files.forget(version),
            Self::S3(bucket) => bucket.forget(version),
        }
    }

    /// The row of a resumable upload's object is there.
    pub fn finished(&self, version: Uuid) {
        match self {
            Self::Fs(_) => {}
            Self::S3(bucket) => bucket.finished(version),
        }
    }

    /// Whether a row may refer to the blob: nobody else takes it for a leftover meanwhile.
    pub(super) fn check(&self, version: Uuid) -> Result<()> {
        match self {
            Self::Fs(_) => Ok(()),
            Self::S3(bucket) => bucket.check(version),
        }
    }
}
