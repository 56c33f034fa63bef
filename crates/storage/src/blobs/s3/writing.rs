//! A stream becomes an object: in one request when it is small, else in parts, of which one is sent while the next is gathered.

use bytes::{Bytes, BytesMut};
use data_encoding::HEXLOWER;
use futures_util::{Stream, StreamExt};
use md5::{Digest, Md5};
use tokio::task::{JoinHandle, spawn_blocking};

use super::S3Blobs;
use super::wire::MOST_PARTS;
use crate::blobs::{InFlight, Stored};
use crate::error::{Result, StorageError};

pub(super) async fn put<S>(blobs: &S3Blobs, limit: u64, mut stream: S) -> Result<Stored>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin,
{
    // So that a stream of any size up to the limit fits into as many parts as an object may have.
    let part = blobs.0.part.max(limit.div_ceil(MOST_PARTS));
    let part = usize::try_from(part).unwrap_or(usize::MAX);
    let (mut hash, mut left) = (Md5::new(), limit);
    let (first, mut is_last) = gather(&mut stream, part, &mut left).await?;
    let mut size = first.len() as u64;
    hash = hashed(hash, first.clone()).await?;
    let flight = blobs.begin();
    blobs.0.mark(flight.version(), "").await?;
    if is_last {
        let name = flight.version().to_string();
        blobs.0.wire.put(&name, first).await?;
    } else {
        let mut parts = Parts::begin(blobs, &flight).await?;
        parts.send(first).await?;
        while !is_last {
            let piece;
            (piece, is_last) = gather(&mut stream, part, &mut left).await?;
            size += piece.len() as u64;
            if !piece.is_empty() {
                hash = hashed(hash, piece.clone()).await?;
                parts.send(piece).await?;
            }
        }
        parts.finish(size).await?;
    }
    Ok(Stored {
        size,
        md5: HEXLOWER.encode(&hash.finalize()),
        flight,
    })
}

/// At most `most` bytes together, and whether they are the last ones.
async fn gather<S>(stream: &mut S, most: usize, left: &mut u64) -> Result<(Bytes, bool)>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin,
{
    let mut piece = BytesMut::new();
    while piece.len() < most {
        let Some(chunk) = stream.next().await else {
            return Ok((piece.freeze(), true));
        };
        let chunk = chunk?;
        *left = left
            .checked_sub(chunk.len() as u64)
            .ok_or(StorageError::TooLarge)?;
        piece.extend_from_slice(&chunk);
    }
    Ok((piece.freeze(), false))
}

pub(super) async fn hashed(mut hash: Md5, bytes: Bytes) -> Result<Md5> {
    let work = spawn_blocking(move || {
        hash.update(&bytes);
        hash
    });
    work.await
        .map_err(|error| StorageError::Internal(error.to_string()))
}

/// An upload in parts. Dropped, its blob's flight removes what there is of it.
struct Parts<'a> {
    blobs: &'a S3Blobs,
    name: String,
    upload: String,
    tags: Vec<String>,
    sending: Option<JoinHandle<Result<String>>>,
}

impl<'a> Parts<'a> {
    async fn begin(blobs: &'a S3Blobs, flight: &InFlight) -> Result<Self> {
        let name = flight.version().to_string();
        let upload = blobs.0.wire.create(&name).await?;
        blobs.0.mark(flight.version(), &upload).await?;
        Ok(Self {
            blobs,
            name,
            upload,
            tags: Vec::new(),
            sending: None,
        })
    }

    /// Waits for the part before, and sends one.
    async fn send(&mut self, piece: Bytes) -> Result<()> {
        self.settle().await?;
        let (blobs, name, upload) = (self.blobs.clone(), self.name.clone(), self.upload.clone());
        let number = self.tags.len() + 1;
        self.sending = Some(tokio::spawn(async move {
            blobs.0.wire.part(&name, &upload, number, piece).await
        }));
        Ok(())
    }

    async fn settle(&mut self) -> Result<()> {
        if let Some(sending) = self.sending.take() {
            let tag = sending
                .await
                .map_err(|error| StorageError::Internal(error.to_string()))?;
            self.tags.push(tag?);
        }
        Ok(())
    }

    async fn finish(mut self, size: u64) -> Result<()> {
        self.settle().await?;
        let wire = &self.blobs.0.wire;
        wire.complete(&self.name, &self.upload, &self.tags, size).await
    }
}
