//! Where the bytes are. A blob is written once under its version and never changed; rows say which version counts.
//!
//! Another kind of store is another variant of [`Blobs`]: a put from a bounded stream, a read of spans, a copy, a removal.
//! Between the moment that a blob is begun and the moment that its row is decided it is [`InFlight`]; what a crash leaves in
//! flight is found again by [`Blobs::leftovers`].

mod cached;
mod fs;
mod in_flight;
mod reading;

use bytes::Bytes;
use futures_util::Stream;
use uuid::Uuid;

use crate::error::Result;

pub use fs::{Appending, FsBlobs, Writing};
pub use in_flight::InFlight;
pub use reading::Blob;

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
        }
    }

    /// Goes on with the blob of a resumable upload behind its first `offset` bytes, whose MD5 is in the state `hash`. What
    /// comes behind them is cut off. `NoBlob` when there are fewer, `ResourceLocked` when somebody else writes.
    pub async fn append(&self, version: Uuid, offset: u64, hash: Option<Vec<u8>>) -> Result<Appending> {
        match self {
            Self::Fs(files) => files.append(version, offset, hash).await,
        }
    }

    /// Opens a blob; `NoBlob` when it is not there. With `ahead` its beginning is read along.
    pub async fn open(&self, version: Uuid, ahead: bool) -> Result<Blob> {
        match self {
            Self::Fs(files) => files.open(version, ahead).await,
        }
    }

    /// The same bytes under a new version. `NoBlob` when there are none.
    pub async fn copy(&self, from: Uuid) -> Result<InFlight> {
        match self {
            Self::Fs(files) => files.copy(from).await,
        }
    }

    /// The bytes of several, one behind the other, under a new version. It lasts when this returns. `NoBlob` when one of them
    /// is not there.
    pub async fn join(&self, parts: Vec<Uuid>) -> Result<InFlight> {
        match self {
            Self::Fs(files) => files.join(parts).await,
        }
    }

    /// Removes blobs; one that is not there is removed already. Returns those that could not be removed.
    pub async fn remove(&self, versions: Vec<Uuid>) -> Vec<Uuid> {
        match self {
            Self::Fs(files) => files.remove(versions).await,
        }
    }

    /// Blobs that somebody began and did not decide on: a process that died. Whether they have rows is the caller's to find
    /// out, who then says so by [`Self::decided`].
    pub async fn leftovers(&self) -> Result<Vec<Uuid>> {
        match self {
            Self::Fs(files) => files.leftovers().await,
        }
    }

    /// The rows of leftovers are known: those of `kept` stay, those of `orphans` go.
    pub async fn decided(&self, kept: Vec<Uuid>, orphans: Vec<Uuid>) {
        match self {
            Self::Fs(files) => files.decided(kept, orphans).await,
        }
    }

    /// The blob's row is there: nothing else has to be remembered.
    pub(super) async fn land(&self, version: Uuid) {
        match self {
            Self::Fs(files) => files.land(version).await,
        }
    }

    /// Removes a blob that gets no row, in the background.
    pub(super) fn discard(&self, version: Uuid) {
        match self {
            Self::Fs(files) => files.discard(version),
        }
    }

    /// Nobody in this process works on the blob any more.
    pub(super) fn forget(&self, version: Uuid) {
        match self {
            Self::Fs(files) => files.forget(version),
        }
    }
}
