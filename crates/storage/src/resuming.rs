//! The way of a resumable upload's bytes (§13): onto the blob, and at the end the row.
//!
//! An offset is told to the client only when its bytes are safe and the table says so. While bytes come this is done every
//! few megabytes and seconds, so that a crash costs no more than these; when the connection breaks, with all that came. The
//! last offset is written with the object's row in one transaction: a client that is told of all bytes has its object.

use std::time::Duration;

use aws_lc_rs::digest::{self, Context};
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use crate::blobs::Appending;
use crate::error::{Result, StorageError};
use crate::incoming::Chunks;
use crate::locks::Held;
use crate::permission;
use crate::scope::Scope;
use crate::state::State;
use crate::store::objects::NewObject;
use crate::store::pending;
use crate::store::uploads::{self, Resumable, Terms};
use crate::uploading::{self, Facts};

/// Bytes that are written at once. Twice as many are in memory for each upload that is under way.
const PIECE: usize = 512 * 1024;
/// Longest time that bytes wait for others before they are written.
const GATHER: Duration = Duration::from_secs(2);
/// Bytes after which the offset is secured.
const SECURE_BYTES: u64 = 16 << 20;
/// Time after which it is.
const SECURE_TIME: Duration = Duration::from_secs(4);

/// Uploads that are looked at together for their time.
const BATCH: i64 = 500;

/// Bytes for an upload.
pub struct Part {
    /// What every operation has at hand.
    pub state: State,
    /// Who sends them.
    pub scope: Scope,
    /// Where they go, with the length that the client told just now if it did.
    pub upload: Resumable,
    /// Most bytes of the whole where its length is not known yet.
    pub limit: u64,
    /// The upload is ours.
    pub lock: Held,
    /// What the client says that they are.
    pub checksum: Option<Checksum>,
    /// They.
    pub chunks: Chunks,
}

/// A checksum over the bytes of one request: none of them counts where it does not fit.
pub struct Checksum {
    context: Context,
    expected: Vec<u8>,
}

impl Checksum {
    /// Names of the algorithms, the one first that the protocol demands.
    pub const ALGORITHMS: &str = "sha1,sha256";

    /// For one of the algorithms; `None` for another.
    pub fn new(algorithm: &str, expected: Vec<u8>) -> Option<Self> {
        let algorithm = match algorithm {
            "sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            "sha256" => &digest::SHA256,
            _ => return None,
        };
        Some(Self {
            context: Context::new(algorithm),
            expected,
        })
    }

    fn fits(self) -> bool {
        self.context.finish().as_ref() == self.expected
    }
}

/// How a stream of bytes ended.
enum End {
    /// There may be more.
    NotYet,
    /// As it should.
    Whole,
    /// Somehow else; what came before counts.
    Broken(StorageError),
}

/// The row as policies see it before the bytes are there.
pub fn probe(bucket: &str, name: &str, terms: &Terms, length: Option<u64>) -> NewObject {
    NewObject {
        bucket: bucket.to_owned(),
        name: name.to_owned(),
        owner_id: terms.owner_id.clone(),
        version: permission::VERSION.to_owned(),
        metadata: json!({ "mimetype": terms.mime, "contentLength": length }),
        user_metadata: terms.user_metadata.clone(),
    }
}

impl Part {
    /// Takes the bytes; the upload as it is then. This runs to its end when the request is given up, so that what came is
    /// secured.
    pub async fn take(self) -> Result<Resumable> {
        match tokio::spawn(Box::pin(self.run())).await {
            Ok(outcome) => outcome,
            Err(error) => Err(StorageError::Internal(error.to_string())),
        }
    }

    async fn run(mut self) -> Result<Resumable> {
        let (version, offset) = (self.upload.version, self.upload.offset);
        let hash = self.upload.hash.take();
        let mut left = self.upload.length.unwrap_or(self.limit).saturating_sub(offset);
        let blob = self.state.blobs.append(version, offset, hash).await?;
        let mut writing = blob.write(Vec::new(), false);
        let (mut secured, mut is_safe) = (Instant::now(), false);
        loop {
            // The piece before this one is written meanwhile.
            let (piece, end) = self.gather(&mut left).await;
            let blob = writing.done().await?;
            if is_safe {
                self.secure(&blob).await?;
                secured = Instant::now();
            }
            let is_last = !matches!(end, End::NotYet);
            let is_due = blob.size() >= self.upload.offset + SECURE_BYTES || secured.elapsed() >= SECURE_TIME;
            is_safe = is_last || (is_due && self.checksum.is_none());
            writing = blob.write(piece, is_safe);
            if is_last {
                return self.end(writing.done().await?, end).await;
            }
        }
    }

    /// Chunks of about [`PIECE`] bytes together, and how they ended.
    async fn gather(&mut self, left: &mut u64) -> (Vec<Bytes>, End) {
        let (mut piece, mut bytes) = (Vec::new(), 0);
        let mut deadline = None;
        while bytes < PIECE {
            let next = tokio::select! {
                next = next(&mut self.chunks, deadline) => next,
                () = self.lock.wanted() => Next::Some(Err(StorageError::ResourceLocked)),
            };
            let chunk = match next {
                Next::Late => break,
                Next::None => return (piece, End::Whole),
                Next::Some(Err(error)) => return (piece, End::Broken(error)),
                Next::Some(Ok(chunk)) => chunk,
            };
            let Some(rest) = left.checked_sub(chunk.len() as u64) else {
                return (piece, End::Broken(StorageError::TooLarge));
            };
            *left = rest;
            bytes += chunk.len();
            if let Some(checksum) = &mut self.checksum {
                checksum.context.update(&chunk);
            }
            piece.push(chunk);
            deadline.get_or_insert_with(|| Instant::now() + GATHER);
        }
        (piece, End::NotYet)
    }

    async fn end(mut self, blob: Appending, end: End) -> Result<Resumable> {
        if let Some(checksum) = self.checksum.take() {
            if let End::Broken(error) = end {
                return Err(error);
            }
            if !checksum.fits() {
                return Err(StorageError::Checksum);
            }
        }
        let is_all = self.upload.length == Some(blob.size());
        match end {
            // More than was announced is not what was announced.
            End::Broken(error @ StorageError::TooLarge) => {
                self.secure(&blob).await?;
                Err(error)
            }
            _ if is_all => self.complete(&blob).await,
            End::Broken(error) => {
                self.secure(&blob).await?;
                Err(error)
            }
            End::Whole | End::NotYet => {
                self.secure(&blob).await?;
                Ok(self.upload)
            }
        }
    }

    /// Notes the offset, unless it is the last one: that comes with the object's row.
    async fn secure(&mut self, blob: &Appending) -> Result<()> {
        let (size, length) = (blob.size(), self.upload.length);
        if length == Some(size) {
            return Ok(());
        }
        let (pool, id) = (&self.state.pool, self.upload.id);
        uploads::progress(pool, id, self.upload.offset, (size, length), &blob.state()).await?;
        self.upload.offset = size;
        Ok(())
    }

    /// Makes the object, if the caller still may, and ends the upload: both or neither.
    async fn complete(mut self, blob: &Appending) -> Result<Resumable> {
        let Self {
            state, scope, upload, ..
        } = &mut self;
        let terms = &upload.terms;
        let size = blob.size();
        let probe = probe(&upload.bucket, &upload.name, terms, Some(size));
        Box::pin(permission::may_write(state, scope, &probe, terms.is_upsert)).await?;
        blob.finish().await?;
        let facts = Facts {
            mime: &terms.mime,
            cache_control: &terms.cache_control,
            robots: None,
        };
        let new = NewObject {
            version: upload.version.to_string(),
            metadata: facts.of(state, size, &blob.md5()),
            user_metadata: Some(terms.user_metadata.clone().unwrap_or_else(|| json!({}))),
            ..probe
        };
        let mut connection = state.pool.get().await?;
        let tx = connection.begin().await?;
        uploads::complete(&tx, upload.id, upload.offset, size).await?;
        Box::pin(uploading::write(&tx, &scope.as_service(), &new, terms.is_upsert)).await?;
        tx.commit().await?;
        state.wake_sweep();
        state.blobs.finished(upload.version);
        upload.offset = size;
        upload.is_complete = true;
        Ok(self.upload)
    }
}

/// Ends an upload without an object. Its bytes are removed afterwards.
pub async fn give_up(state: &State, upload: &Resumable) -> Result<()> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    uploads::drop_open(&tx, upload.id).await?;
    pending::add(&tx, &upload.bucket, &[upload.version.to_string()]).await?;
    tx.commit().await?;
    state.wake_sweep();
    Ok(())
}

/// Uploads whose time is over, as far as nobody writes to them: rows go, and the bytes of those without an object.
pub async fn expire(state: &State) -> Result<()> {
    loop {
        let due = uploads::expired(&state.pool, state.clock.now(), BATCH).await?;
        let mut done = 0;
        for upload in &due {
            let Some(_lock) = state.locks().try_take(upload.id).await? else {
                continue;
            };
            let mut connection = state.pool.get().await?;
            let tx = connection.begin().await?;
            // Whether it was completed in the meantime is asked with the removal.
            if uploads::forget(&tx, upload.id).await? == Some(false) {
                pending::add(&tx, &upload.bucket, std::slice::from_ref(&upload.version)).await?;
            }
            tx.commit().await?;
            done += 1;
        }
        if done == 0 || due.len() < usize::try_from(BATCH).unwrap_or_default() {
            return Ok(());
        }
    }
}

enum Next {
    Some(Result<Bytes>),
    None,
    Late,
}

async fn next(chunks: &mut Chunks, deadline: Option<Instant>) -> Next {
    let next = match deadline {
        None => chunks.next().await,
        Some(deadline) => match timeout_at(deadline, chunks.next()).await {
            Ok(next) => next,
            Err(_) => return Next::Late,
        },
    };
    next.map_or(Next::None, Next::Some)
}
