//! An open blob, and its spans as bodies that read as the client takes them.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use tokio::task::{JoinHandle, spawn_blocking, yield_now};

use super::cached;
use super::s3::Remote;
use crate::model::ranges::Span;

/// Bytes of one read. Two of them are in memory for each body that is under way, and a third while one is read.
const CHUNK: u64 = 256 * 1024;

/// Chunks that are given out at the same time.
const CHUNKS: usize = 2;

/// Bytes after which the reader of a body gives way to the runtime's other tasks.
const TURN: u64 = 8 * CHUNK;

/// An open blob. It can be read when its name is gone already.
#[derive(Debug)]
pub struct Blob {
    source: Source,
    size: u64,
    /// Its beginning, as far as it was read with the opening.
    head: Bytes,
}

#[derive(Debug)]
enum Source {
    File(Arc<File>),
    Remote(Arc<Remote>),
}

impl Blob {
    pub(super) fn new(file: File, size: u64, head: Bytes) -> Self {
        Self {
            source: Source::File(Arc::new(file)),
            size,
            head,
        }
    }

    /// An object of another store.
    pub(super) fn remote(remote: Remote) -> Self {
        Self {
            size: remote.size(),
            source: Source::Remote(Arc::new(remote)),
            head: Bytes::new(),
        }
    }

    /// Opens a file that is in memory, with as much of its beginning.
    pub(super) fn cached(path: &Path, head: u64) -> Option<Self> {
        let file = cached::open(path)?;
        let size = file.metadata().ok()?.len();
        let mut beginning = BytesMut::zeroed(usize::try_from(size.min(head)).ok()?);
        if !beginning.is_empty() && cached::read(&file, 0, &mut beginning)? < beginning.len() {
            return None;
        }
        Some(Self::new(file, size, beginning.freeze()))
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

    fn chunks(&self, span: Span) -> BoxStream<'static, io::Result<Bytes>> {
        match &self.source {
            Source::File(file) => self.pieces(Arc::clone(file), span).boxed(),
            Source::Remote(remote) => remote.bytes(span.start..span.start + span.length).boxed(),
        }
    }

    fn pieces(&self, file: Arc<File>, span: Span) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let first = if span.start == 0 && self.head.len() as u64 <= span.length {
            self.head.clone()
        } else {
            Bytes::new()
        };
        let done = first.len() as u64;
        let reader = Reader {
            file,
            at: span.start + done,
            left: span.length - done,
            ahead: None,
            given: VecDeque::with_capacity(CHUNKS),
            turn: 0,
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
    /// The last chunks that came from memory: their buffers are filled again when the client has taken them.
    given: VecDeque<Bytes>,
    /// Bytes that came from memory since other tasks had their turn.
    turn: u64,
}

impl Reader {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let job = match self.ahead.take() {
            Some(job) => job,
            None => {
                if self.turn >= TURN {
                    self.turn = 0;
                    yield_now().await;
                }
                if let Some(chunk) = self.read_cached() {
                    return Ok(Some(chunk));
                }
                match self.begin() {
                    Some(job) => job,
                    None => return Ok(None),
                }
            }
        };
        let chunk = job.await.map_err(io::Error::other)??;
        self.ahead = self.begin();
        Ok(Some(chunk))
    }

    fn read_cached(&mut self) -> Option<Bytes> {
        let length = usize::try_from(self.left.min(CHUNK)).ok()?;
        if length == 0 {
            return None;
        }
        let mut buffer = self.buffer(length);
        let read = cached::read(&self.file, self.at, buffer.get_mut(..length)?)?;
        self.at += read as u64;
        self.left -= read as u64;
        self.turn += read as u64;
        let whole = buffer.freeze();
        let chunk = whole.slice(..read);
        self.given.push_back(whole);
        Some(chunk)
    }

    /// At least `length` bytes, of a buffer that nobody reads any more if there is one.
    fn buffer(&mut self, length: usize) -> BytesMut {
        let oldest = (self.given.len() >= CHUNKS)
            .then(|| self.given.pop_front())
            .flatten();
        oldest
            .and_then(|chunk| chunk.try_into_mut().ok())
            .filter(|buffer| buffer.len() >= length)
            .unwrap_or_else(|| BytesMut::zeroed(length))
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
