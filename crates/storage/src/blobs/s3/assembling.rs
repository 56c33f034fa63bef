//! Several objects become one. The store copies; only what is too small for a part of its own goes through this process.

use std::ops::Range;

use bytes::BytesMut;
use uuid::Uuid;

use super::Inner;
use crate::error::{Result, StorageError};

/// Least bytes of a part that is not the last one.
const LEAST: u64 = 5 << 20;

/// Most bytes that are copied at once.
const MOST: u64 = 1 << 30;

/// An object that is put together.
pub(super) struct Assembling<'a> {
    inner: &'a Inner,
    version: Uuid,
    name: String,
    upload: Option<String>,
    tags: Vec<String>,
    /// Bytes that are too few for a part yet.
    rest: BytesMut,
}

impl<'a> Assembling<'a> {
    pub(super) fn new(inner: &'a Inner, version: Uuid) -> Self {
        Self {
            inner,
            version,
            name: version.to_string(),
            upload: None,
            tags: Vec::new(),
            rest: BytesMut::new(),
        }
    }

    /// Puts objects (name and size), one behind the other, under the new name. `NoBlob` when one of them is not there.
    pub(super) async fn run(&mut self, sources: &[(String, u64)]) -> Result<()> {
        let size = sources.iter().map(|(_, size)| size).sum::<u64>();
        let filled: Vec<_> = sources.iter().filter(|(_, size)| *size > 0).collect();
        match filled.as_slice() {
            [] => return self.inner.wire.put(&self.name, bytes::Bytes::new()).await,
            [(source, size)] if *size <= MOST => return self.inner.wire.copy(source, &self.name).await,
            _ => {}
        }
        let upload = self.inner.wire.create(&self.name).await?;
        self.upload = Some(upload.clone());
        self.inner.mark_if_ours(self.version, &upload).await?;
        let last = filled.len() - 1;
        for (place, (source, size)) in filled.into_iter().enumerate() {
            self.add(&upload, source, *size, place == last).await?;
        }
        self.flush(&upload).await?;
        self.inner
            .wire
            .complete(&self.name, &upload, &self.tags, size)
            .await
    }

    /// Gives an upload up that failed on the way.
    pub(super) async fn abort(self) {
        if let Some(upload) = self.upload
            && let Err(error) = self.inner.wire.abort(&self.name, &upload).await
        {
            tracing::warn!(%error, "an upload in parts could not be given up");
        }
    }

    async fn add(&mut self, upload: &str, source: &str, size: u64, is_last: bool) -> Result<()> {
        let mut at = 0;
        while at < size {
            let left = size - at;
            if self.rest.is_empty() && (left >= LEAST || is_last) {
                let span = at..at + left.min(MOST);
                at = span.end;
                let number = self.tags.len() + 1;
                let tag = self
                    .inner
                    .wire
                    .copy_part(&self.name, upload, number, source, span)
                    .await?;
                self.tags.push(tag);
                continue;
            }
            let wanted = LEAST.saturating_sub(self.rest.len() as u64).max(1);
            let span = at..at + left.min(wanted);
            at = span.end;
            self.take(source, span).await?;
            if self.rest.len() as u64 >= LEAST {
                self.flush(upload).await?;
            }
        }
        Ok(())
    }

    async fn take(&mut self, source: &str, span: Range<u64>) -> Result<()> {
        let length = usize::try_from(span.end - span.start).unwrap_or(usize::MAX);
        let bytes = self.inner.wire.read_span(source, span, length).await?;
        self.rest.extend_from_slice(&bytes.ok_or(StorageError::NoBlob)?);
        Ok(())
    }

    async fn flush(&mut self, upload: &str) -> Result<()> {
        if self.rest.is_empty() {
            return Ok(());
        }
        let piece = self.rest.split().freeze();
        let number = self.tags.len() + 1;
        let tag = self.inner.wire.part(&self.name, upload, number, piece).await?;
        self.tags.push(tag);
        Ok(())
    }
}
