//! The requests to the store: signed, sent, sent again when the store or the way to it had a bad moment, and read.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use ferrobase_http::{Outgoing, OutgoingError, StreamingRequest, StreamingResponse};
use futures_util::{Stream, StreamExt, stream};
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use rusty_s3::actions::{
    AbortMultipartUpload, CompleteMultipartUpload, CompleteMultipartUploadResponse, CreateMultipartUpload,
    DeleteObjects, DeleteObjectsResponse, GetObject, HeadBucket, HeadObject, ListObjectsV2, ObjectIdentifier,
    PutObject, S3Action, UploadPart,
};
use rusty_s3::{Bucket, Credentials};

use crate::error::{Result, StorageError};

/// Parts that an object may have.
pub(super) const MOST_PARTS: u64 = 10_000;

/// Times that a request is sent.
const ATTEMPTS: u32 = 4;
/// Pause before the second time; it doubles.
const PAUSE: Duration = Duration::from_millis(100);
/// Life of a signature.
const SIGNED: Duration = Duration::from_secs(900);
/// Until the head of an answer is there. Joining large parts takes its time.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Between two pieces of an answer's body.
const IDLE: Duration = Duration::from_secs(30);
/// Most bytes of an answer that is a document.
const DOCUMENT: usize = 4 << 20;
/// Objects that one request may name.
const BATCH: usize = 1000;
/// Pages of a list that are read at once.
const PAGES: usize = 20;

const COPY_SOURCE: &str = "x-amz-copy-source";
const COPY_RANGE: &str = "x-amz-copy-source-range";
const CONTENT_MD5: &str = "content-md5";

/// A bucket, and how it is talked to.
#[derive(Debug, Clone)]
pub(super) struct Wire(Arc<Inner>);

struct Inner {
    bucket: Bucket,
    credentials: Credentials,
    outgoing: Outgoing,
    /// Before every name.
    prefix: String,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the credentials.
        formatter
            .debug_struct("Bucket")
            .field("name", &self.bucket.name())
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// What a list says.
pub(super) struct Listed {
    pub(super) entries: Vec<Entry>,
    /// By the store's clock.
    pub(super) now: DateTime<Utc>,
}

/// An object of a list; its name without the prefix.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) modified: DateTime<Utc>,
}

impl Wire {
    pub(super) fn new(bucket: Bucket, credentials: Credentials, outgoing: Outgoing, prefix: String) -> Self {
        Self(Arc::new(Inner {
            bucket,
            credentials,
            outgoing,
            prefix,
        }))
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.0.prefix)
    }

    /// Whether the bucket is there and ours.
    pub(super) async fn check(&self) -> Result<()> {
        let answer = self
            .send(
                HeadBucket::new(&self.0.bucket, Some(&self.0.credentials)),
                Bytes::new(),
            )
            .await?;
        match answer.status() {
            200 => Ok(()),
            404 => Err(StorageError::Store("the bucket does not exist".to_owned())),
            status => Err(StorageError::Store(format!(
                "the bucket cannot be used: status {status}"
            ))),
        }
    }

    pub(super) async fn put(&self, name: &str, body: Bytes) -> Result<()> {
        let key = self.key(name);
        let action = PutObject::new(&self.0.bucket, Some(&self.0.credentials), &key);
        expect(self.send(action, body).await?, "PutObject")
            .await
            .map(drop)
    }

    /// An object's bytes in number; `None` when it is not there.
    pub(super) async fn size(&self, name: &str) -> Result<Option<u64>> {
        let key = self.key(name);
        let action = HeadObject::new(&self.0.bucket, Some(&self.0.credentials), &key);
        let answer = self.send(action, Bytes::new()).await?;
        match answer.status() {
            404 => Ok(None),
            200 => length(answer.headers()).map(Some),
            status => Err(StorageError::Store(format!("HeadObject: status {status}"))),
        }
    }

    /// The whole of an object; `None` when it is not there.
    pub(super) async fn read(&self, name: &str, limit: usize) -> Result<Option<Bytes>> {
        match self.get(name, None).await? {
            Some(answer) => answer.read(limit).await.map(Some).map_err(|error| failed(&error)),
            None => Ok(None),
        }
    }

    /// A span of an object; `None` when the object is not there.
    pub(super) async fn read_span(
        &self,
        name: &str,
        span: Range<u64>,
        limit: usize,
    ) -> Result<Option<Bytes>> {
        match self.get(name, Some(span)).await? {
            Some(answer) => answer.read(limit).await.map(Some).map_err(|error| failed(&error)),
            None => Ok(None),
        }
    }

    /// Opens an object for reading: with `ahead` its bytes are on their way already.
    pub(super) async fn open(&self, name: &str, ahead: bool) -> Result<Option<Remote>> {
        let (size, begun) = if ahead {
            match self.get(name, None).await? {
                None => return Ok(None),
                Some(answer) => (length(answer.headers())?, Some(answer)),
            }
        } else {
            match self.size(name).await? {
                None => return Ok(None),
                Some(size) => (size, None),
            }
        };
        Ok(Some(Remote {
            wire: self.clone(),
            name: name.to_owned(),
            size,
            begun: Mutex::new(begun),
        }))
    }

    async fn get(&self, name: &str, span: Option<Range<u64>>) -> Result<Option<StreamingResponse>> {
        let key = self.key(name);
        let mut action = GetObject::new(&self.0.bucket, Some(&self.0.credentials), &key);
        if let Some(span) = &span {
            let range = format!("bytes={}-{}", span.start, span.end.saturating_sub(1));
            action.headers_mut().insert("range", range);
        }
        let answer = self.send(action, Bytes::new()).await?;
        match (answer.status(), span) {
            (404, _) => Ok(None),
            (200, None) | (206, Some(_)) => Ok(Some(answer)),
            _ => Err(refused(answer, "GetObject").await),
        }
    }

    /// Copies an object within the store. `NoBlob` when it is not there.
    pub(super) async fn copy(&self, from: &str, to: &str) -> Result<()> {
        let key = self.key(to);
        let mut action = PutObject::new(&self.0.bucket, Some(&self.0.credentials), &key);
        action.headers_mut().insert(COPY_SOURCE, self.source(from));
        let answer = self.send(action, Bytes::new()).await?;
        tag_of_copy(answer).await.map(drop)
    }

    /// Removes objects; those that are not there are removed already.
    pub(super) async fn delete(&self, names: &[String]) -> Result<()> {
        for batch in names.chunks(BATCH) {
            let keys: Vec<_> = batch
                .iter()
                .map(|name| ObjectIdentifier::new(self.key(name)))
                .collect();
            let mut action = DeleteObjects::new(&self.0.bucket, Some(&self.0.credentials), keys.iter());
            action.set_quiet(true);
            let (body, md5) = action.clone().body_with_md5();
            action.headers_mut().insert(CONTENT_MD5, md5);
            let document = expect(self.send(action, body.into()).await?, "DeleteObjects").await?;
            let answer = DeleteObjectsResponse::parse(&document);
            let answer = answer.map_err(|error| StorageError::Store(format!("DeleteObjects: {error}")))?;
            if let Some(error) = answer.errors.first() {
                return Err(StorageError::Store(format!("DeleteObjects: {error:?}")));
            }
        }
        Ok(())
    }

    /// Objects whose names begin so; of very many the first ones.
    pub(super) async fn list(&self, prefix: &str) -> Result<Listed> {
        let (mut entries, mut token, mut now) = (Vec::new(), None::<String>, None);
        for _ in 0..PAGES {
            let mut action = ListObjectsV2::new(&self.0.bucket, Some(&self.0.credentials));
            action.with_prefix(self.key(prefix));
            if let Some(token) = token.take() {
                action.with_continuation_token(token);
            }
            let answer = self.send(action, Bytes::new()).await?;
            now = now.or_else(|| date(answer.headers()));
            let document = expect(answer, "ListObjectsV2").await?;
            let page = ListObjectsV2::parse_response(&document);
            let page = page.map_err(|error| StorageError::Store(format!("ListObjectsV2: {error}")))?;
            entries.extend(page.contents.into_iter().filter_map(|object| {
                Some(Entry {
                    name: object.key.strip_prefix(&self.0.prefix)?.to_owned(),
                    modified: DateTime::parse_from_rfc3339(object.last_modified.as_deref()?)
                        .ok()?
                        .to_utc(),
                })
            }));
            token = page.next_continuation_token;
            if token.is_none() {
                break;
            }
        }
        let now = now.ok_or_else(|| StorageError::Store("the store does not tell the time".to_owned()))?;
        Ok(Listed { entries, now })
    }

    /// Begins an upload in parts; its id.
    pub(super) async fn create(&self, name: &str) -> Result<String> {
        let key = self.key(name);
        let action = CreateMultipartUpload::new(&self.0.bucket, Some(&self.0.credentials), &key);
        let document = expect(self.send(action, Bytes::new()).await?, "CreateMultipartUpload").await?;
        let answer = CreateMultipartUpload::parse_response(&document);
        let answer =
            answer.map_err(|error| StorageError::Store(format!("CreateMultipartUpload: {error}")))?;
        Ok(answer.upload_id().to_owned())
    }

    /// Sends a part; its tag.
    pub(super) async fn part(&self, name: &str, upload: &str, number: usize, body: Bytes) -> Result<String> {
        let key = self.key(name);
        let action = UploadPart::new(
            &self.0.bucket,
            Some(&self.0.credentials),
            &key,
            part_number(number)?,
            upload,
        );
        let answer = self.send(action, body).await?;
        if answer.status() != 200 {
            return Err(refused(answer, "UploadPart").await);
        }
        let tag = answer
            .headers()
            .get(http::header::ETAG)
            .and_then(|tag| tag.to_str().ok());
        tag.map(ToOwned::to_owned)
            .ok_or_else(|| StorageError::Store("UploadPart: no tag".to_owned()))
    }

    /// Makes a span of an object a part; its tag. `NoBlob` when the object is not there.
    pub(super) async fn copy_part(
        &self,
        name: &str,
        upload: &str,
        number: usize,
        from: &str,
        span: Range<u64>,
    ) -> Result<String> {
        let key = self.key(name);
        let number = part_number(number)?;
        let mut action = UploadPart::new(&self.0.bucket, Some(&self.0.credentials), &key, number, upload);
        let range = format!("bytes={}-{}", span.start, span.end.saturating_sub(1));
        action.headers_mut().insert(COPY_SOURCE, self.source(from));
        action.headers_mut().insert(COPY_RANGE, range);
        tag_of_copy(self.send(action, Bytes::new()).await?).await
    }

    /// Makes an object of `size` bytes of parts.
    pub(super) async fn complete(&self, name: &str, upload: &str, tags: &[String], size: u64) -> Result<()> {
        let key = self.key(name);
        let tags = tags.iter().map(String::as_str);
        let action =
            CompleteMultipartUpload::new(&self.0.bucket, Some(&self.0.credentials), &key, upload, tags);
        let body = action.clone().body();
        let answer = self.send(action, body.into()).await?;
        // Sent again after an answer that got lost: the upload is gone, and the object is there.
        if answer.status() == 404 && self.size(name).await? == Some(size) {
            return Ok(());
        }
        let document = expect(answer, "CompleteMultipartUpload").await?;
        CompleteMultipartUploadResponse::parse(&document)
            .map(drop)
            .map_err(|_| StorageError::Store(format!("CompleteMultipartUpload: {}", code(&document))))
    }

    /// Gives an upload in parts up; one that is not there is given up already.
    pub(super) async fn abort(&self, name: &str, upload: &str) -> Result<()> {
        let key = self.key(name);
        let action = AbortMultipartUpload::new(&self.0.bucket, Some(&self.0.credentials), &key, upload);
        let answer = self.send(action, Bytes::new()).await?;
        match answer.status() {
            200 | 204 | 404 => Ok(()),
            _ => Err(refused(answer, "AbortMultipartUpload").await),
        }
    }

    fn source(&self, name: &str) -> String {
        format!("/{}/{}", self.0.bucket.name(), self.key(name))
    }

    /// Signs and sends until there is an answer that stays the same when it is asked for again.
    async fn send<'a, A: S3Action<'a>>(&self, mut action: A, body: Bytes) -> Result<StreamingResponse> {
        let mut headers = HeaderMap::new();
        for (name, value) in action.headers_mut().iter() {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_str(value);
            if let (Ok(name), Ok(value)) = (name, value) {
                headers.insert(name, value);
            }
        }
        let method = match A::METHOD {
            rusty_s3::Method::Head => Method::HEAD,
            rusty_s3::Method::Get => Method::GET,
            rusty_s3::Method::Post => Method::POST,
            rusty_s3::Method::Put => Method::PUT,
            rusty_s3::Method::Delete => Method::DELETE,
        };
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            let request = StreamingRequest {
                method: method.clone(),
                url: action.sign(SIGNED),
                headers: headers.clone(),
                body: body.clone(),
                timeout: TIMEOUT,
                idle: IDLE,
            };
            let outcome = self.0.outgoing.stream(request).await;
            let is_passing = match &outcome {
                Ok(answer) => matches!(answer.status(), 429 | 500 | 502 | 503 | 504),
                Err(OutgoingError::Timeout | OutgoingError::Transport(_)) => true,
                Err(_) => false,
            };
            if !is_passing || attempt == ATTEMPTS {
                return outcome.map_err(|error| failed(&error));
            }
            attempt += 1;
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
}

/// An object that is read.
#[derive(Debug)]
pub(in crate::blobs) struct Remote {
    wire: Wire,
    name: String,
    size: u64,
    /// An answer with the whole of it that nobody reads yet.
    begun: Mutex<Option<StreamingResponse>>,
}

impl Remote {
    pub(in crate::blobs) fn size(&self) -> u64 {
        self.size
    }

    /// The bytes of a span, as they come.
    pub(in crate::blobs) fn bytes(
        self: &Arc<Self>,
        span: Range<u64>,
    ) -> impl Stream<Item = std::io::Result<Bytes>> + Send + use<> {
        let remote = Arc::clone(self);
        let opened = async move {
            let is_whole = span == (0..remote.size);
            let begun = is_whole.then(|| remote.take_begun()).flatten();
            match begun {
                Some(answer) => Ok(Some(answer)),
                None if span.is_empty() => Ok(None),
                None => match remote.wire.get(&remote.name, Some(span)).await {
                    Ok(Some(answer)) => Ok(Some(answer)),
                    Ok(None) => Err(std::io::ErrorKind::NotFound.into()),
                    Err(error) => Err(std::io::Error::other(error.to_string())),
                },
            }
        };
        stream::once(opened).flat_map(|opened| match opened {
            Ok(answer) => pieces(answer).boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        })
    }

    fn take_begun(&self) -> Option<StreamingResponse> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn pieces(answer: Option<StreamingResponse>) -> impl Stream<Item = std::io::Result<Bytes>> + Send {
    stream::try_unfold(answer, |answer| async move {
        let Some(mut answer) = answer else { return Ok(None) };
        let chunk = answer.chunk().await.map_err(std::io::Error::other)?;
        Ok(chunk.map(|chunk| (chunk, Some(answer))))
    })
}

fn part_number(number: usize) -> Result<u16> {
    u16::try_from(number).map_err(|_| StorageError::TooLarge)
}

fn length(headers: &HeaderMap) -> Result<u64> {
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    length.ok_or_else(|| StorageError::Store("an answer without a length".to_owned()))
}

fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let text = headers.get(DATE)?.to_str().ok()?;
    Some(DateTime::parse_from_rfc2822(text).ok()?.to_utc())
}

/// The document of a successful answer.
async fn expect(answer: StreamingResponse, what: &str) -> Result<String> {
    if answer.status() != 200 {
        return Err(refused(answer, what).await);
    }
    let body = answer.read(DOCUMENT).await.map_err(|error| failed(&error))?;
    String::from_utf8(body.to_vec()).map_err(|_| StorageError::Store(format!("{what}: no text")))
}

/// A copy may fail after its head was sent: the tag is in the document, or an error is.
async fn tag_of_copy(answer: StreamingResponse) -> Result<String> {
    if answer.status() == 404 {
        return Err(StorageError::NoBlob);
    }
    let document = expect(answer, "CopyObject").await?;
    let tag = roxmltree::Document::parse(&document).ok().and_then(|tree| {
        let tag = tree.descendants().find(|node| node.tag_name().name() == "ETag")?;
        tag.text().map(ToOwned::to_owned)
    });
    tag.ok_or_else(|| StorageError::Store(format!("CopyObject: {}", code(&document))))
}

async fn refused(answer: StreamingResponse, what: &str) -> StorageError {
    let status = answer.status();
    let body = answer.read(DOCUMENT).await.unwrap_or_default();
    let document = String::from_utf8_lossy(&body);
    StorageError::Store(format!("{what}: status {status} {}", code(&document)))
}

fn failed(error: &OutgoingError) -> StorageError {
    StorageError::Store(error.to_string())
}

/// The code of an error document.
fn code(document: &str) -> String {
    let Ok(tree) = roxmltree::Document::parse(document) else {
        return String::new();
    };
    let code = tree.descendants().find(|node| node.tag_name().name() == "Code");
    code.and_then(|node| node.text()).unwrap_or_default().to_owned()
}
