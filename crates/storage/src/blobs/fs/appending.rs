//! A blob that is built over several requests (§13). What comes after the last [`Appending::write`] with `is_safe` may be
//! lost in a crash, and is cut off when somebody goes on.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use md5::digest::common::hazmat::SerializableState;
use md5::{Digest, Md5};
use rustix::fs::{FlockOperation, flock};
use tokio::task::{JoinHandle, spawn_blocking};
use uuid::Uuid;

use super::{FsBlobs, Inner, failed, joined, missing, sync_folder};
use crate::error::{Result, StorageError};

/// A blob to go on with. Nobody else writes to it as long as this lives, in no process that shares the folder.
#[derive(Debug)]
pub struct Appending {
    inner: Arc<Inner>,
    version: Uuid,
    file: File,
    hash: Md5,
    size: u64,
    /// Its name may not last yet.
    is_new: bool,
}

pub(super) async fn open(
    files: &FsBlobs,
    version: Uuid,
    offset: u64,
    hash: Option<Vec<u8>>,
) -> Result<Appending> {
    let inner = Arc::clone(&files.0);
    let hash = match hash {
        Some(state) => resume(&state).ok_or_else(|| StorageError::Internal("state of an MD5".to_owned()))?,
        None if offset == 0 => Md5::new(),
        None => return Err(StorageError::Internal("no MD5 of a blob's beginning".to_owned())),
    };
    let opened = spawn_blocking(move || {
        let file = OpenOptions::new()
            .write(true)
            .create(offset == 0)
            .mode(0o600)
            .open(inner.path(version))?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(io::Error::from)?;
        let length = file.metadata()?.len();
        if length < offset {
            return Err(ErrorKind::NotFound.into());
        }
        if length > offset {
            file.set_len(offset)?;
        }
        let mut file = file;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Appending {
            inner,
            version,
            file,
            hash,
            size: offset,
            is_new: offset == 0,
        })
    });
    joined(opened.await)?.map_err(|error: io::Error| match error.kind() {
        ErrorKind::WouldBlock => StorageError::ResourceLocked,
        _ => missing(error),
    })
}

fn resume(state: &[u8]) -> Option<Md5> {
    Md5::deserialize(state.try_into().ok()?).ok()
}

impl Appending {
    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The state of the hash over them, to go on with.
    pub fn hash(&self) -> Vec<u8> {
        self.hash.serialize().to_vec()
    }

    /// MD5 of the whole in hexadecimal digits.
    pub fn md5(&self) -> String {
        HEXLOWER.encode(&self.hash.clone().finalize())
    }

    /// Writes bytes at the end; with `is_safe` all so far last when it is done.
    pub fn write(mut self, piece: Vec<Bytes>, is_safe: bool) -> Writing {
        Writing(spawn_blocking(move || {
            for chunk in &piece {
                self.hash.update(chunk);
                self.file.write_all(chunk)?;
                self.size += chunk.len() as u64;
            }
            if is_safe {
                self.file.sync_data()?;
                if std::mem::take(&mut self.is_new) {
                    sync_folder(&self.inner.folder(self.version))?;
                }
            }
            Ok(self)
        }))
    }
}

/// Bytes on their way.
#[derive(Debug)]
pub struct Writing(JoinHandle<io::Result<Appending>>);

impl Writing {
    /// They are written.
    pub async fn done(self) -> Result<Appending> {
        joined(self.0.await)?.map_err(failed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ferrobase_jwt::Random;

    use super::*;

    #[tokio::test]
    async fn goes_on_where_it_was_safe() {
        let root = tempfile::tempdir().unwrap();
        let files = FsBlobs::open_root(root.path(), Random).unwrap();
        let version = Random.uuid();
        let first = open(&files, version, 0, None).await.unwrap();
        let refused = open(&files, version, 0, None).await;
        assert!(matches!(refused, Err(StorageError::ResourceLocked)));
        let hello = Bytes::from_static(b"hello ");
        let first = first.write(vec![hello], true).done().await.unwrap();
        let (size, state) = (first.size(), first.hash());
        let lost = Bytes::from_static(b"what nobody acknowledged");
        drop(first.write(vec![lost], false).done().await.unwrap());

        let second = open(&files, version, size, Some(state)).await.unwrap();
        let world = Bytes::from_static(b"world");
        let second = second.write(vec![world], true).done().await.unwrap();
        assert_eq!(second.size(), 11);
        assert_eq!(second.md5(), "5eb63bbbe01eeed093cb22bb8f5acdc3");
        assert_eq!(std::fs::read(files.0.path(version)).unwrap(), b"hello world");
        let state = second.hash();
        drop(second);
        // A file that lost bytes is none to go on with.
        let refused = open(&files, version, 12, Some(state)).await;
        assert!(matches!(refused, Err(StorageError::NoBlob)));
    }
}
