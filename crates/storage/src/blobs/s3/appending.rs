//! A blob that is built over several requests (§13). Bytes are gathered in memory and stored as segments, objects of their own
//! names; which ones count, and in what order, is in the state that the table of uploads keeps. What a crash left behind is
//! named by no state. Whole, the segments are put together under the blob's version.

use bytes::{Bytes, BytesMut};
use data_encoding::HEXLOWER;
use md5::digest::common::hazmat::SerializableState;
use md5::{Digest, Md5};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::S3Blobs;
use super::assembling::Assembling;
use super::writing::hashed;
use crate::error::{Result, StorageError};

/// Bytes of a segment's entry in the state: its id and its size.
const ENTRY: usize = 24;

/// A blob to go on with. That nobody else does is the lock's of the upload; another's segments are not in our state.
#[derive(Debug)]
pub struct Appending {
    blobs: S3Blobs,
    version: Uuid,
    hash: Md5,
    size: u64,
    segments: Vec<(Uuid, u64)>,
    gathered: BytesMut,
}

pub(super) fn open(blobs: &S3Blobs, version: Uuid, offset: u64, state: Option<&[u8]>) -> Result<Appending> {
    let (hash, segments) = match state {
        Some(state) => {
            resume(state).ok_or_else(|| StorageError::Internal("state of a resumable upload".to_owned()))?
        }
        None => (Md5::new(), Vec::new()),
    };
    if segments.iter().map(|(_, size)| size).sum::<u64>() != offset {
        return Err(StorageError::NoBlob);
    }
    Ok(Appending {
        blobs: blobs.clone(),
        version,
        hash,
        size: offset,
        segments,
        gathered: BytesMut::new(),
    })
}

fn resume(state: &[u8]) -> Option<(Md5, Vec<(Uuid, u64)>)> {
    let (hash, entries) = state.split_at_checked(Md5::new().serialize().len())?;
    let hash = Md5::deserialize(hash.try_into().ok()?).ok()?;
    let segments = entries.chunks(ENTRY).map(|entry| {
        let (id, size) = entry.split_at_checked(16)?;
        Some((
            Uuid::from_slice(id).ok()?,
            u64::from_be_bytes(size.try_into().ok()?),
        ))
    });
    Some((hash, segments.collect::<Option<_>>()?))
}

impl Appending {
    pub(in crate::blobs) fn size(&self) -> u64 {
        self.size
    }

    pub(in crate::blobs) fn state(&self) -> Vec<u8> {
        let mut state = self.hash.serialize().to_vec();
        for (id, size) in &self.segments {
            state.extend_from_slice(id.as_bytes());
            state.extend_from_slice(&size.to_be_bytes());
        }
        state
    }

    pub(in crate::blobs) fn md5(&self) -> String {
        HEXLOWER.encode(&self.hash.clone().finalize())
    }

    pub(in crate::blobs) fn write(mut self, piece: Vec<Bytes>, is_safe: bool) -> Writing {
        Writing(tokio::spawn(async move {
            for chunk in piece {
                self.size += chunk.len() as u64;
                self.gathered.extend_from_slice(&chunk);
                self.hash = hashed(self.hash, chunk).await?;
            }
            if is_safe || self.gathered.len() as u64 >= self.blobs.0.part {
                self.store().await?;
            }
            Ok(self)
        }))
    }

    async fn store(&mut self) -> Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let (id, bytes) = (self.blobs.0.random.uuid(), self.gathered.split().freeze());
        let size = bytes.len() as u64;
        self.blobs.0.wire.put(&self.segment(id), bytes).await?;
        self.segments.push((id, size));
        Ok(())
    }

    /// All bytes under the blob's version.
    pub(in crate::blobs) async fn finish(&self) -> Result<()> {
        let sources = self.segments.iter().map(|(id, size)| (self.segment(*id), *size));
        let sources: Vec<_> = sources.collect();
        let mut assembling = Assembling::new(&self.blobs.0, self.version);
        let outcome = assembling.run(&sources).await;
        if outcome.is_err() {
            assembling.abort().await;
        }
        outcome
    }

    fn segment(&self, id: Uuid) -> String {
        format!("{}/{id}", self.version)
    }
}

/// Bytes on their way.
#[derive(Debug)]
pub struct Writing(JoinHandle<Result<Appending>>);

impl Writing {
    pub(in crate::blobs) async fn done(self) -> Result<Appending> {
        self.0
            .await
            .map_err(|error| StorageError::Internal(error.to_string()))?
    }
}
