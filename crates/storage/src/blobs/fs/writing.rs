//! A stream becomes a file: gathered into large pieces, hashed and written on the threads for blocking work.

use std::fs::File;
use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::{Stream, StreamExt};
use md5::{Digest, Md5};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use super::{FsBlobs, Inner, create, failed, joined, sync_folder};
use crate::blobs::{InFlight, Stored};
use crate::error::{Result, StorageError};

/// Bytes that are written at once. Twice as many are in memory for each upload that is under way.
const PIECE: usize = 512 * 1024;

/// Longest time that bytes wait for others before they are written.
const GATHER: Duration = Duration::from_secs(5);

pub(super) async fn put<S>(files: &FsBlobs, limit: u64, mut stream: S) -> Result<Stored>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin,
{
    let mut left = limit;
    let mut job = None;
    loop {
        // The piece before this one is written meanwhile.
        let (piece, is_last) = gather(&mut stream, &mut left).await?;
        let mut writer = match job.take() {
            Some(job) => joined::<io::Result<Writer>>(job.await)?.map_err(failed)?,
            None => Writer::new(files),
        };
        if is_last {
            let finished = spawn_blocking(move || {
                writer.write(&piece)?;
                writer.finish()
            });
            return joined(finished.await)?.map_err(failed);
        }
        job = Some(spawn_blocking(move || {
            writer.write(&piece)?;
            Ok(writer)
        }));
    }
}

/// Chunks of about [`PIECE`] bytes together, and whether they are the last ones.
async fn gather<S>(stream: &mut S, left: &mut u64) -> Result<(Vec<Bytes>, bool)>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin,
{
    let (mut piece, mut bytes) = (Vec::new(), 0);
    let mut deadline = None;
    while bytes < PIECE {
        let next = match deadline {
            None => stream.next().await,
            Some(deadline) => match timeout_at(deadline, stream.next()).await {
                Ok(next) => next,
                Err(_) => break,
            },
        };
        let Some(chunk) = next else {
            return Ok((piece, true));
        };
        let chunk = chunk?;
        *left = left
            .checked_sub(chunk.len() as u64)
            .ok_or(StorageError::TooLarge)?;
        bytes += chunk.len();
        piece.push(chunk);
        deadline.get_or_insert_with(|| Instant::now() + GATHER);
    }
    Ok((piece, false))
}

/// A blob that is being written. It owns the flight, so that nothing is removed while a thread still writes.
struct Writer {
    inner: std::sync::Arc<Inner>,
    flight: InFlight,
    file: Option<File>,
    hash: Md5,
    size: u64,
}

impl Writer {
    fn new(files: &FsBlobs) -> Self {
        Self {
            inner: std::sync::Arc::clone(&files.0),
            flight: files.begin(),
            file: None,
            hash: Md5::new(),
            size: 0,
        }
    }

    fn write(&mut self, piece: &[Bytes]) -> io::Result<()> {
        let version = self.flight.version();
        if self.file.is_none() {
            self.inner.mark(version)?;
            self.file = Some(create(&self.inner.path(version))?);
        }
        let Some(file) = &mut self.file else {
            return Err(io::ErrorKind::NotFound.into());
        };
        for chunk in piece {
            self.hash.update(chunk);
            self.size += chunk.len() as u64;
            file.write_all(chunk)?;
        }
        Ok(())
    }

    /// Makes file and name last.
    fn finish(self) -> io::Result<Stored> {
        if let Some(file) = &self.file {
            file.sync_all()?;
        }
        sync_folder(&self.inner.folder(self.flight.version()))?;
        Ok(Stored {
            size: self.size,
            md5: HEXLOWER.encode(&self.hash.finalize()),
            flight: self.flight,
        })
    }
}
