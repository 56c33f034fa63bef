//! What an upload sends: a raw body or the file of a form (§5).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use data_encoding::BASE64_NOPAD;
use futures_util::{Stream, StreamExt, stream};
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use multer::Multipart;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use crate::error::{Result, StorageError};
use crate::model::robots;
use crate::model::rules::is_media_type;

/// Most bytes of a field before the file.
const FIELD: u64 = 1 << 20;
/// Fields before the file that are looked at; further ones are passed over.
const FIELDS: usize = 10;
/// Most bytes before the file: all fields, with room for their headers.
const BEFORE_FILE: u64 = (FIELDS as u64 + 2) * FIELD;

/// Longest wait for the next bytes of an upload.
const IDLE: Duration = Duration::from_secs(60);
/// Fewest bytes a second over the whole of an upload, from its second minute on.
const SLOWEST: u64 = 512;

/// The bytes of an upload.
pub type Chunks = futures_util::stream::BoxStream<'static, Result<Bytes>>;

/// An upload before its bytes are read.
pub struct Incoming {
    /// Its type.
    pub mime: String,
    /// `Cache-Control` of later answers.
    pub cache_control: String,
    /// `X-Robots-Tag` of later answers.
    pub robots: Option<String>,
    /// The user's metadata.
    pub user_metadata: Option<Value>,
    /// It came in a form, whose length says little about its own.
    pub is_form: bool,
    /// Its bytes.
    pub chunks: Chunks,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming")
            .field("mime", &self.mime)
            .finish_non_exhaustive()
    }
}

impl Incoming {
    /// Reads headers, and of a form the fields before its file.
    pub async fn read(headers: &HeaderMap, body: Body) -> Result<Self> {
        let robots = text(headers, "x-robots-tag").map(str::to_owned);
        if let Some(robots) = &robots {
            robots::check(robots)?;
        }
        let mut incoming = Self {
            mime: "application/octet-stream".to_owned(),
            cache_control: "no-cache".to_owned(),
            robots,
            user_metadata: metadata(headers),
            is_form: false,
            chunks: stream::empty().boxed(),
        };
        let mime = text(headers, CONTENT_TYPE.as_str());
        if let Some(mime) = mime.filter(|mime| is_form(mime)) {
            let boundary = multer::parse_boundary(mime).map_err(|_| StorageError::ContentType)?;
            incoming.is_form = true;
            incoming.read_form(boundary, body).await?;
            return Ok(incoming);
        }
        if let Some(mime) = mime {
            if !is_media_type(mime) {
                return Err(StorageError::ContentType);
            }
            mime.clone_into(&mut incoming.mime);
        }
        if let Some(cache_control) = text(headers, CACHE_CONTROL.as_str()) {
            cache_control.clone_into(&mut incoming.cache_control);
        }
        incoming.chunks = timed(body).boxed();
        Ok(incoming)
    }

    async fn read_form(&mut self, boundary: String, body: Body) -> Result<()> {
        let budget = Arc::new(AtomicU64::new(BEFORE_FILE));
        let mut form = Multipart::new(bounded(body, Arc::clone(&budget)), boundary);
        let (mut mime, mut fields) = (None, 0);
        while let Some(mut field) = form.next_field().await.map_err(|error| broken(&error))? {
            if field.file_name().is_some() || field.content_type().is_some() || field.name() == Some("") {
                let of_part = field.content_type().map(ToString::to_string);
                if let Some(mime) = mime.or(of_part) {
                    self.mime = mime;
                }
                budget.store(u64::MAX, Ordering::Relaxed);
                self.chunks = file(form, field).boxed();
                return Ok(());
            }
            fields += 1;
            let name = field.name().unwrap_or_default().to_owned();
            let value = small(&mut field).await?;
            let (Some(value), true) = (value, fields <= FIELDS) else {
                continue;
            };
            match name.as_str() {
                "cacheControl" if !value.is_empty() => self.cache_control = format!("max-age={value}"),
                "metadata" | "userMetadata" => {
                    self.user_metadata = object(&value).or(self.user_metadata.take());
                }
                "contentType" => mime = Some(value),
                _ => {}
            }
        }
        Err(StorageError::InvalidRequest("No file provided".to_owned()))
    }
}

/// The body's bytes, which have to keep coming.
pub(crate) fn timed(body: Body) -> impl Stream<Item = Result<Bytes>> + Send {
    let state = (body.into_data_stream(), Instant::now(), 0_u64);
    stream::try_unfold(state, |(mut chunks, begun, bytes)| async move {
        let chunk = match timeout(IDLE, chunks.next()).await {
            Err(_) => return Err(StorageError::Stalled),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => return Err(StorageError::BrokenBody),
            Ok(Some(Ok(chunk))) => chunk,
        };
        let (bytes, elapsed) = (bytes + chunk.len() as u64, begun.elapsed());
        if elapsed > IDLE && bytes < elapsed.as_secs() * SLOWEST {
            return Err(StorageError::Stalled);
        }
        Ok(Some((chunk, (chunks, begun, bytes))))
    })
}

/// As long as there is a budget, the body may not have more bytes than that: the parser keeps headers in memory.
pub(crate) fn bounded(body: Body, budget: Arc<AtomicU64>) -> impl Stream<Item = Result<Bytes>> + Send {
    timed(body).map(move |chunk| {
        let chunk = chunk?;
        let left = budget.load(Ordering::Relaxed);
        if left < u64::MAX {
            let left = left
                .checked_sub(chunk.len() as u64)
                .ok_or(StorageError::TooLarge)?;
            budget.store(left, Ordering::Relaxed);
        }
        Ok(chunk)
    })
}

/// What the parser says of a body, or of what the stream below it said.
pub(crate) fn broken(error: &multer::Error) -> StorageError {
    let multer::Error::StreamReadFailed(cause) = error else {
        return StorageError::BrokenBody;
    };
    match cause.downcast_ref::<StorageError>() {
        Some(StorageError::TooLarge) => StorageError::TooLarge,
        Some(StorageError::Stalled) => StorageError::Stalled,
        _ => StorageError::BrokenBody,
    }
}

/// The bytes of the form's file; the form has to live as long as they are read.
pub(crate) fn file(
    form: Multipart<'static>,
    field: multer::Field<'static>,
) -> impl Stream<Item = Result<Bytes>> + Send {
    stream::try_unfold((form, field), |(form, mut field)| async move {
        let chunk = field.chunk().await.map_err(|error| broken(&error))?;
        Ok(chunk.map(|chunk| (chunk, (form, field))))
    })
}

/// A field's text; `None` for one that is too long, which counts as not sent.
pub(crate) async fn small(field: &mut multer::Field<'static>) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    let mut is_long = false;
    while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error))? {
        is_long |= bytes.len() as u64 + chunk.len() as u64 > FIELD;
        if !is_long {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok(String::from_utf8(bytes).ok().filter(|_| !is_long))
}

/// Whether a type is that of a form with files.
pub(crate) fn is_form(mime: &str) -> bool {
    mime.get(..19)
        .is_some_and(|start| start.eq_ignore_ascii_case("multipart/form-data"))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

pub(crate) fn object(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(Value::is_object)
}

/// `x-metadata`: base64 of a JSON object. What cannot be read counts as not sent.
pub fn metadata(headers: &HeaderMap) -> Option<Value> {
    // Node.js, and so the original, takes both alphabets, padded or not.
    let text = text(headers, "x-metadata")?.trim_end_matches('=');
    let text = text.replace('-', "+").replace('_', "/");
    let bytes = BASE64_NOPAD.decode(text.as_bytes()).ok()?;
    object(std::str::from_utf8(&bytes).ok()?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    async fn content(incoming: &mut Incoming) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(chunk) = incoming.chunks.next().await {
            all.extend_from_slice(&chunk.unwrap());
        }
        all
    }

    #[tokio::test]
    async fn the_official_clients_form() {
        let body = "--x\r\ncontent-disposition: form-data; name=\"cacheControl\"\r\n\r\n60\r\n\
            --x\r\ncontent-disposition: form-data; name=\"metadata\"\r\n\r\n{\"a\":1}\r\n\
            --x\r\ncontent-disposition: form-data; name=\"\"; filename=\"blob\"\r\ncontent-type: text/css\r\n\r\nhello\r\n--x--\r\n";
        let headers =
            HeaderMap::from_iter([(CONTENT_TYPE, "multipart/form-data; boundary=x".parse().unwrap())]);
        let mut incoming = Incoming::read(&headers, Body::from(body)).await.unwrap();
        assert_eq!(incoming.mime, "text/css");
        assert_eq!(incoming.cache_control, "max-age=60");
        assert_eq!(incoming.user_metadata, Some(serde_json::json!({ "a": 1 })));
        assert_eq!(content(&mut incoming).await, b"hello");
    }

    #[tokio::test]
    async fn a_form_without_a_file() {
        let body = "--x\r\ncontent-disposition: form-data; name=\"cacheControl\"\r\n\r\n60\r\n--x--\r\n";
        let headers =
            HeaderMap::from_iter([(CONTENT_TYPE, "multipart/form-data; boundary=x".parse().unwrap())]);
        let refused = Incoming::read(&headers, Body::from(body)).await;
        assert!(matches!(refused, Err(StorageError::InvalidRequest(_))));
    }

    #[tokio::test]
    async fn fields_without_end_are_refused() {
        let field = "--x\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
        let headers =
            HeaderMap::from_iter([(CONTENT_TYPE, "multipart/form-data; boundary=x".parse().unwrap())]);
        let many = format!(
            "{}--x\r\ncontent-disposition: form-data; name=\"cacheControl\"\r\n\r\n7\r\n\
             --x\r\ncontent-disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\nhello\r\n--x--\r\n",
            field.repeat(10)
        );
        let mut incoming = Incoming::read(&headers, Body::from(many)).await.unwrap();
        // The eleventh is passed over.
        assert_eq!(incoming.cache_control, "no-cache");
        assert_eq!(content(&mut incoming).await, b"hello");

        let header = Bytes::from(vec![b'a'; 1 << 16]);
        let endless = stream::iter([Ok(Bytes::from_static(b"--x\r\ncontent-disposition: "))]).chain(
            stream::repeat_with(move || Ok::<_, std::io::Error>(header.clone())),
        );
        let refused = Incoming::read(&headers, Body::from_stream(endless)).await;
        assert!(matches!(refused, Err(StorageError::TooLarge)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls() {
        let silent =
            stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"1"))]).chain(stream::pending());
        let mut incoming = Incoming::read(&HeaderMap::new(), Body::from_stream(silent))
            .await
            .unwrap();
        assert!(incoming.chunks.next().await.unwrap().is_ok());
        assert!(matches!(
            incoming.chunks.next().await,
            Some(Err(StorageError::Stalled))
        ));
        let drip = stream::repeat_with(|| ()).then(|()| async {
            tokio::time::sleep(Duration::from_secs(30)).await;
            Ok::<_, std::io::Error>(Bytes::from_static(b"1"))
        });
        let mut incoming = Incoming::read(&HeaderMap::new(), Body::from_stream(drip))
            .await
            .unwrap();
        let ended = loop {
            match incoming.chunks.next().await.unwrap() {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert!(matches!(ended, StorageError::Stalled));
    }

    #[tokio::test]
    async fn a_raw_body_is_untouched() {
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, "application/json".parse().unwrap()),
            (CACHE_CONTROL, "max-age=3600".parse().unwrap()),
            ("x-metadata".parse().unwrap(), "not base64".parse().unwrap()),
        ]);
        let mut incoming = Incoming::read(&headers, Body::from("{ }")).await.unwrap();
        assert_eq!(incoming.mime, "application/json");
        assert_eq!(incoming.cache_control, "max-age=3600");
        assert_eq!(incoming.user_metadata, None);
        assert_eq!(content(&mut incoming).await, b"{ }");
    }
}
