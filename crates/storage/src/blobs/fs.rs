//! Blobs as files: `<root>/<first two digits>/<version>`. Keys are no part of a path, so that every legal key is safe, `a`
//! beside `a/b` as well.
//!
//! While a blob is in flight there is an empty file of its name in `<root>/pending`: by it a crash's leftovers are found
//! without looking at all blobs, and nothing else is ever taken for one. A lost marker costs space, never a blob.
//! Markers are further names of one file. ext4 gives no inode out again within a minute of its removal, and a new file has to
//! get past all of those: with a file for each marker that was most of the time of a small upload.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use ferrobase_jwt::Random;
use futures_util::Stream;
use rustix::fs::{FlockOperation, flock};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{Blob, Blobs, InFlight, Stored, reading};
use crate::error::{Result, StorageError};

mod appending;
mod joining;
mod writing;

pub(super) use appending::{Appending, Writing};

/// Bytes that are read along with the opening.
const HEAD: u64 = 128 * 1024;

/// Age from which on a blob in flight is a leftover where another process may be at work in the same folder. A running
/// upload is written to every few seconds.
pub(super) const ABANDONED: Duration = Duration::from_secs(3600);

/// A folder of blobs; cheap to clone.
#[derive(Debug, Clone)]
pub struct FsBlobs(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    /// The file that markers are names of.
    marker: PathBuf,
    random: Random,
    /// What this process works on.
    in_flight: Mutex<HashSet<Uuid>>,
    /// Held as long as we live: nobody else works in this folder. `None` when somebody does.
    lock: Option<File>,
}

impl FsBlobs {
    /// Blobs in `root`, which is made, for its owner only. Blocks; for the start of a process.
    pub fn open_root(root: &Path, random: Random) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(root)?;
        for folder in (0..=255_u8).map(|byte| format!("{byte:02x}")) {
            builder.create(root.join(folder))?;
        }
        builder.create(root.join("pending"))?;
        let marker = root.join("marker");
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&marker)?;
        sync_folder(root)?;
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(root.join("lock"))?;
        let is_ours = flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
        Ok(Self(Arc::new(Inner {
            root: root.to_owned(),
            marker,
            random,
            in_flight: Mutex::default(),
            lock: is_ours.then_some(file),
        })))
    }

    pub(super) async fn put<S>(&self, limit: u64, stream: S) -> Result<Stored>
    where
        S: Stream<Item = Result<Bytes>> + Send + Unpin,
    {
        writing::put(self, limit, stream).await
    }

    pub(super) async fn append(
        &self,
        version: Uuid,
        offset: u64,
        hash: Option<Vec<u8>>,
    ) -> Result<Appending> {
        appending::open(self, version, offset, hash).await
    }

    pub(super) async fn open(&self, version: Uuid, ahead: bool) -> Result<Blob> {
        let path = self.0.path(version);
        let length = if ahead { HEAD } else { 0 };
        if let Some(blob) = Blob::cached(&path, length) {
            return Ok(blob);
        }
        let opened = spawn_blocking(move || {
            let file = File::open(path)?;
            let size = file.metadata()?.len();
            let head = reading::read(&file, 0, size.min(length))?;
            Ok(Blob::new(file, size, head))
        });
        joined(opened.await)?.map_err(missing)
    }

    pub(super) async fn copy(&self, from: Uuid) -> Result<InFlight> {
        let flight = self.begin();
        let (inner, to) = (Arc::clone(&self.0), flight.version());
        let linked = spawn_blocking(move || inner.link(from, to)).await;
        joined(linked)?.map_err(missing)?;
        Ok(flight)
    }

    pub(super) async fn join(&self, parts: Vec<Uuid>) -> Result<InFlight> {
        joining::join(self, parts).await
    }

    pub(super) async fn remove(&self, versions: Vec<Uuid>) -> Vec<Uuid> {
        let (inner, all) = (Arc::clone(&self.0), versions.clone());
        let removed = spawn_blocking(move || {
            let failed = |version: &Uuid| match absent(fs::remove_file(inner.path(*version))) {
                Ok(()) => false,
                Err(error) => {
                    tracing::warn!(%error, %version, "a blob could not be removed");
                    true
                }
            };
            versions.into_iter().filter(failed).collect()
        });
        removed.await.unwrap_or(all)
    }

    pub(super) async fn leftovers(&self) -> Result<Vec<Uuid>> {
        let inner = Arc::clone(&self.0);
        joined(spawn_blocking(move || inner.leftovers()).await)?.map_err(failed)
    }

    pub(super) async fn decided(&self, kept: Vec<Uuid>, orphans: Vec<Uuid>) {
        let inner = Arc::clone(&self.0);
        let done = spawn_blocking(move || {
            for version in orphans {
                inner.erase(version);
            }
            for version in kept {
                inner.unmark(version);
            }
        });
        let _ = done.await;
    }

    pub(super) async fn land(&self, version: Uuid) {
        let inner = Arc::clone(&self.0);
        let _ = spawn_blocking(move || inner.unmark(version)).await;
        self.forget(version);
    }

    pub(super) fn discard(&self, version: Uuid) {
        let inner = Arc::clone(&self.0);
        let erase = move || {
            inner.erase(version);
            inner.in_flight().remove(&version);
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(erase)),
            Err(_) => erase(),
        }
    }

    pub(super) fn forget(&self, version: Uuid) {
        self.0.in_flight().remove(&version);
    }

    /// A new version. Its marker is made with the blob.
    fn begin(&self) -> InFlight {
        let version = self.0.random.uuid();
        self.0.in_flight().insert(version);
        InFlight::new(Blobs::Fs(self.clone()), version)
    }
}

impl Inner {
    fn in_flight(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folder(&self, version: Uuid) -> PathBuf {
        self.root.join(format!("{:02x}", version.as_bytes()[0]))
    }

    fn path(&self, version: Uuid) -> PathBuf {
        self.folder(version).join(version.to_string())
    }

    fn marker(&self, version: Uuid) -> PathBuf {
        self.root.join("pending").join(version.to_string())
    }

    fn mark(&self, version: Uuid) -> io::Result<()> {
        let name = self.marker(version);
        match fs::hard_link(&self.marker, &name) {
            // Some file systems have no such links, and all of them have a greatest number.
            Err(_) => create(&name).map(drop),
            linked => linked,
        }
    }

    fn unmark(&self, version: Uuid) {
        if let Err(error) = absent(fs::remove_file(self.marker(version))) {
            tracing::warn!(%error, %version, "the marker of a blob could not be removed");
        }
    }

    /// Removes a blob and then its marker.
    fn erase(&self, version: Uuid) {
        match absent(fs::remove_file(self.path(version))) {
            Ok(()) => self.unmark(version),
            Err(error) => tracing::warn!(%error, %version, "a blob could not be removed"),
        }
    }

    /// Blobs never change: a second name for the same file is a copy, where the file system has such.
    fn link(&self, from: Uuid, to: Uuid) -> io::Result<()> {
        self.mark(to)?;
        let (from, target) = (self.path(from), self.path(to));
        match fs::hard_link(&from, &target) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(error),
            Err(_) => {
                io::copy(&mut File::open(&from)?, &mut create(&target)?)?;
                File::open(&target)?.sync_data()?;
            }
        }
        sync_folder(&self.folder(to))
    }

    fn leftovers(&self) -> io::Result<Vec<Uuid>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.root.join("pending"))? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(version) = name.to_str().and_then(|name| Uuid::parse_str(name).ok()) else {
                continue;
            };
            if self.lock.is_some() || self.is_old(version) {
                found.push(version);
            }
        }
        // After the listing: who registers later has made its marker later.
        let in_flight = self.in_flight();
        found.retain(|version| !in_flight.contains(version));
        Ok(found)
    }

    fn is_old(&self, version: Uuid) -> bool {
        let written = fs::metadata(self.path(version))
            .and_then(|data| data.modified())
            // When its file last got or lost a name: of all markers nobody made one since.
            .or_else(|_| fs::metadata(self.marker(version)).map(|data| changed(&data)));
        let age = written.map(|at| at.elapsed().unwrap_or_default());
        age.is_ok_and(|age| age > ABANDONED)
    }
}

fn changed(data: &fs::Metadata) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(data.ctime()).unwrap_or_default())
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// The names in a folder last as well.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// What is not there needs no removal.
fn absent(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn joined<T>(result: std::result::Result<T, tokio::task::JoinError>) -> Result<T> {
    result.map_err(|error| StorageError::Internal(error.to_string()))
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: io::Error) -> StorageError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            tracing::error!(%error, "a blob could not be written");
            StorageError::NoSpace
        }
        _ => StorageError::Internal(format!("blob: {error}")),
    }
}

fn missing(error: io::Error) -> StorageError {
    match error.kind() {
        ErrorKind::NotFound => StorageError::NoBlob,
        _ => failed(error),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
