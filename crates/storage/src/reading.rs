//! Who may read an object, and the object as an answer (§6).

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    EXPIRES, IF_NONE_MATCH, LAST_MODIFIED,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use crate::ask::Target;
use crate::blobs::Blob;
use crate::caller::Caller;
use crate::error::{Result, StorageError};
use crate::fields::Fields;
use crate::images::Transform;
use crate::model::ranges::{self, Span};
use crate::permission;
use crate::s3::conditions;
use crate::scope::Scope;
use crate::state::State;
use crate::store::buckets;
use crate::store::objects::{self, Object};

/// What was done to an image.
pub(crate) const TRANSFORMATIONS: HeaderName = HeaderName::from_static("x-transformations");

const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// Between two parts of an answer to several ranges.
const BOUNDARY: &str = "ferrobase-91f3d6a0c27e48b5";

/// What JavaScript's `encodeURIComponent` leaves as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// By which right an object is read.
#[derive(Debug)]
pub enum Reader {
    /// Its bucket is public.
    Everybody,
    /// The caller has this token, or none that counts.
    Token(Scope),
    /// The URL is signed until then.
    Signed(Option<DateTime<Utc>>),
    /// The S3 protocol, whose readers are asked for their rights on public buckets as well.
    S3(Scope),
}

impl Reader {
    /// For routes on which a token counts, if there is one.
    pub fn with_token(state: &State, parts: &Parts, operation: &'static str) -> Self {
        let caller = Caller::or_anonymous(parts, state);
        Self::Token(Scope::new(caller, parts, operation))
    }

    /// The object's row, as far as this reader may see it.
    pub async fn find(&self, state: &State, target: &Target) -> Result<Object> {
        target.check()?;
        let (bucket, key) = (target.bucket.as_str(), target.key.as_str());
        if let Self::S3(scope) = self {
            return match Box::pin(permission::read(state, scope, bucket, key)).await {
                Err(StorageError::NoSuchKey) => {
                    buckets::find(&state.pool.reads(), bucket).await?;
                    Err(StorageError::NoSuchKey)
                }
                other => other,
            };
        }
        if let Self::Token(scope) = self
            && scope.caller.is_authenticated
        {
            return Box::pin(permission::read_unless_public(state, scope, bucket, key)).await;
        }
        let (is_public, object) = objects::find_with_bucket(&state.pool.reads(), bucket, key).await?;
        match self {
            Self::Everybody | Self::Token(_) if !is_public => Err(StorageError::NoSuchBucket),
            _ => object.ok_or(StorageError::NoSuchKey),
        }
    }

    /// The object as an answer to `GET` or `HEAD`.
    pub async fn answer(&self, state: &State, parts: &Parts, target: &Target) -> Result<Response> {
        self.answer_with(state, parts, target)
            .await
            .map(|(_, answer)| answer)
    }

    /// The same, with the row that the answer is made of.
    pub async fn answer_with(
        &self,
        state: &State,
        parts: &Parts,
        target: &Target,
    ) -> Result<(Object, Response)> {
        let mut object = self.find(state, target).await?;
        loop {
            let answer = Answer::new(&object, parts, self).build(state).await;
            if !matches!(answer, Err(StorageError::NoBlob)) {
                return answer.map(|answer| (object, answer));
            }
            // It may have been replaced between the two looks.
            let again = self.find(state, target).await?;
            if again.version == object.version {
                return answer.map(|answer| (object, answer));
            }
            object = again;
        }
    }
}

/// An object that is being answered.
pub(crate) struct Answer<'a> {
    object: &'a Object,
    parts: &'a Parts,
    reader: &'a Reader,
    etag: String,
    modified: DateTime<Utc>,
}

impl<'a> Answer<'a> {
    pub(crate) fn new(object: &'a Object, parts: &'a Parts, reader: &'a Reader) -> Self {
        Self {
            etag: object.etag(),
            modified: object.modified(),
            object,
            parts,
            reader,
        }
    }

    async fn build(self, state: &State) -> Result<Response> {
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        self.describe(headers)?;
        conditions::check_read(&self.parts.headers, self.object)?;
        if self.is_unchanged() {
            headers.remove(CONTENT_TYPE);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
        if self.parts.method == Method::HEAD {
            headers.insert(CONTENT_LENGTH, self.object.size().unwrap_or_default().into());
            if !matches!(self.reader, Reader::S3(_)) {
                echo_transform(state, self.parts, headers)?;
            }
            return Ok(response);
        }
        let version = self.object.blob().ok_or(StorageError::NoBlob)?;
        let has_range = self.parts.headers.contains_key(http::header::RANGE);
        let blob = state.blobs.open(version, !has_range).await?;
        let ranges = ranges::ranges(&self.parts.headers, blob.size(), &self.etag, self.modified)?;
        match ranges.as_deref() {
            None => {
                headers.insert(CONTENT_LENGTH, blob.size().into());
                let whole = Span {
                    start: 0,
                    length: blob.size(),
                };
                *response.body_mut() = blob.body(whole);
            }
            Some(&[span]) => {
                headers.insert(CONTENT_LENGTH, span.length.into());
                headers.insert(CONTENT_RANGE, value(&content_range(span, blob.size()))?);
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                *response.body_mut() = blob.body(span);
            }
            Some(several) => {
                let body = several_parts(&blob, several, headers)?;
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                *response.body_mut() = body;
            }
        }
        Ok(response)
    }

    /// The client has it already.
    pub(crate) fn is_unchanged(&self) -> bool {
        ranges::is_unchanged(&self.parts.headers, &self.etag, self.modified)
    }

    /// Everything that does not depend on the part that is asked for.
    pub(crate) fn describe(&self, headers: &mut HeaderMap) -> Result<()> {
        headers.insert(CONTENT_TYPE, value(self.object.served_type())?);
        describe(self.object, headers)?;
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        let robots = self.object.text("xRobotsTag").unwrap_or("none");
        headers.insert(ROBOTS, value(robots)?);
        match self.reader {
            Reader::Signed(until) => {
                if let Some(until) = until {
                    headers.insert(EXPIRES, value(&ranges::http_date(*until))?);
                }
            }
            Reader::S3(_) => {
                if let Some(cache_control) = self.object.text("cacheControl") {
                    headers.insert(CACHE_CONTROL, value(cache_control)?);
                }
            }
            _ => {
                if let Some(cache_control) = self.object.text("cacheControl") {
                    headers.insert(CACHE_CONTROL, value(&self.cache_control(cache_control))?);
                }
            }
        }
        let query = self.parts.uri.query().unwrap_or_default();
        let download = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "download");
        if let Some((_, name)) = download {
            headers.insert(CONTENT_DISPOSITION, value(&disposition(&name))?);
        }
        Ok(())
    }

    /// Who asked with an outdated tag may go on showing what it has for a moment.
    fn cache_control(&self, stored: &str) -> String {
        let sent = self.parts.headers.get(IF_NONE_MATCH);
        if sent.is_none_or(|sent| sent.as_bytes() == self.etag.as_bytes()) {
            return stored.to_owned();
        }
        let further = if self.parts.method == Method::HEAD {
            "must-revalidate"
        } else {
            "stale-while-revalidate=30"
        };
        format!("{stored}, {further}")
    }
}

/// Which version of an object it is.
pub(crate) fn describe(object: &Object, headers: &mut HeaderMap) -> Result<()> {
    headers.insert(ETAG, value(&object.etag())?);
    headers.insert(LAST_MODIFIED, value(&ranges::http_date(object.modified()))?);
    Ok(())
}

/// Descriptions of objects tell what a render with the same query would do.
pub(crate) fn echo_transform(state: &State, parts: &Parts, headers: &mut HeaderMap) -> Result<()> {
    let transform = Transform::of(&Fields::of_query(parts), &state.config.images)?;
    if !transform.is_empty() {
        headers.insert(TRANSFORMATIONS, value(&transform.header())?);
    }
    Ok(())
}

fn several_parts(blob: &Blob, spans: &[Span], headers: &mut HeaderMap) -> Result<Body> {
    let kind = headers.get(CONTENT_TYPE).cloned();
    let kind = kind
        .as_ref()
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let pieces: Vec<(Bytes, Span)> = spans
        .iter()
        .map(|span| {
            let range = content_range(*span, blob.size());
            let before =
                format!("\r\n--{BOUNDARY}\r\nContent-Type: {kind}\r\nContent-Range: {range}\r\n\r\n");
            (before.into(), *span)
        })
        .collect();
    let end = Bytes::from(format!("\r\n--{BOUNDARY}--\r\n"));
    let length: u64 = pieces
        .iter()
        .map(|(before, span)| before.len() as u64 + span.length)
        .sum();
    headers.insert(CONTENT_LENGTH, (length + end.len() as u64).into());
    headers.insert(
        CONTENT_TYPE,
        value(&format!("multipart/byteranges; boundary={BOUNDARY}"))?,
    );
    Ok(blob.bodies(pieces, end))
}

fn content_range(span: Span, size: u64) -> String {
    format!("bytes {}-{}/{size}", span.start, span.start + span.length - 1)
}

fn disposition(name: &str) -> String {
    if name.is_empty() {
        return "attachment;".to_owned();
    }
    let name = utf8_percent_encode(name, COMPONENT);
    format!("attachment; filename={name}; filename*=UTF-8''{name}")
}

/// Stored values come from clients, and not all of them can be headers.
fn value(text: &str) -> Result<HeaderValue> {
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    bytes
        .and_then(|bytes| HeaderValue::from_bytes(&bytes).ok())
        .ok_or(StorageError::InvalidHeader)
}

impl Object {
    /// A text of the file's metadata.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.metadata.get(name)?.as_str()
    }

    /// Bytes, as far as known.
    pub fn size(&self) -> Option<u64> {
        self.metadata.get("size")?.as_u64()
    }

    /// The blob, if its version is one of ours.
    pub fn blob(&self) -> Option<Uuid> {
        Uuid::parse_str(self.version.as_deref()?).ok()
    }

    /// Its tag, quoted.
    pub fn etag(&self) -> String {
        match self.text("eTag") {
            Some(tag) if tag.starts_with('"') => tag.to_owned(),
            Some(tag) => format!("\"{tag}\""),
            None => format!("\"{}\"", self.version.as_deref().unwrap_or_default()),
        }
    }

    /// When its bytes or their description were written.
    pub fn modified(&self) -> DateTime<Utc> {
        self.text("lastModified")
            .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
            .map_or(self.updated_at, |at| at.to_utc())
    }

    /// A page of the bucket's owner could act as the application: it is shown as text.
    fn served_type(&self) -> &str {
        match self.text("mimetype") {
            Some(mime) if mime.to_ascii_lowercase().contains("text/html") => "text/plain",
            Some(mime) => mime,
            None => "application/octet-stream",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_of_downloads() {
        assert_eq!(disposition(""), "attachment;");
        assert_eq!(
            disposition("my \"é\".txt"),
            "attachment; filename=my%20%22%C3%A9%22.txt; filename*=UTF-8''my%20%22%C3%A9%22.txt"
        );
    }

    #[test]
    fn values_that_no_header_can_carry() {
        assert_eq!(value("é").unwrap().as_bytes(), [0xe9]);
        for bad in ["a\r\nb: c", "€", "\0"] {
            assert!(matches!(value(bad), Err(StorageError::InvalidHeader)), "{bad:?}");
        }
    }
}
