//! An open blob, and its spans as bodies that read as the client takes them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::model::ranges::Span;

/// Bytes of one read. Two of them are in memory for each body that is under way.
const CHUNK: u64 = 256 * 1024;

/// An open blob. It can be read when its name is gone already.
#[derive(Debug)]
pub struct Blob {
    file: Arc<File>,
    size: u64,
    /// Its beginning, as far as it was read with the opening.
    head: Bytes,
}

impl Blob {
    pub(super) fn new(file: File, size: u64, head: Bytes) -> Self {
        Self {
            file: Arc::new(file),
            size,
            head,
        }
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// One span.
    pub fn body(&self, span: Span) -> Body {
        let (start, end) = (span.start, span.start + span.length);
        if let (Ok(start), Ok(end)) = (usize::try_from(start), usize::try_from(end))
            && end <= self.head.len()
        {
            return Body::from(self.head.slice(start..end));
        }
        Body::from_stream(self.chunks(span))
    }

    /// Several spans, each behind a text and all of it before another.
    pub fn bodies(&self, pieces: Vec<(Bytes, Span)>, end: Bytes) -> Body {
        let parts: Vec<_> = pieces
            .into_iter()
            .map(|(before, span)| {
                stream::iter([Ok::<_, io::Error>(before)])
                    .chain(self.chunks(span))
                    .boxed()
            })
            .chain([stream::iter([Ok(end)]).boxed()])
            .collect();
        Body::from_stream(stream::iter(parts).flatten())
    }

    fn chunks(&self, span: Span) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let first = if span.start == 0 && self.head.len() as u64 <= span.length {
            self.head.clone()
        } else {
            Bytes::new()
        };
        let done = first.len() as u64;
        let reader = Reader {
            file: Arc::clone(&self.file),
            at: span.start + done,
            left: span.length - done,
            ahead: None,
        };
        let head = stream::iter((!first.is_empty()).then_some(Ok(first)));
        head.chain(stream::try_unfold(reader, |mut reader| async move {
            Ok(reader.next().await?.map(|chunk| (chunk, reader)))
        }))
    }
}

struct Reader {
    file: Arc<File>,
    at: u64,
    left: u64,
    /// The read that is under way while the client takes the chunk before.
    ahead: Option<JoinHandle<io::Result<Bytes>>>,
}

impl Reader {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let job = match self.ahead.take() {
            Some(job) => job,
            None => match self.begin() {
                Some(job) => job,
                None => return Ok(None),
            },
        };
        let chunk = job.await.map_err(io::Error::other)??;
        self.ahead = self.begin();
        Ok(Some(chunk))
    }

    fn begin(&mut self) -> Option<JoinHandle<io::Result<Bytes>>> {
        if self.left == 0 {
            return None;
        }
        let (file, at, length) = (Arc::clone(&self.file), self.at, self.left.min(CHUNK));
        self.at += length;
        self.left -= length;
        Some(spawn_blocking(move || read(&file, at, length)))
    }
}

pub(super) fn read(file: &File, at: u64, length: u64) -> io::Result<Bytes> {
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let mut buffer = BytesMut::zeroed(length);
    file.read_exact_at(&mut buffer, at)?;
    Ok(buffer.freeze())
}
