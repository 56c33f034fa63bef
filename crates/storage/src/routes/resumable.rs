//! Resumable uploads (§13): TUS 1.0.0 below `/upload/resumable`, for tokens, and `/upload/resumable/sign`, for signed
//! URLs. Errors are plain texts with their real status, except for a missing token.
//!
//! Who began an upload goes on with it, or `service_role`: unlike the original's, the URL alone opens nothing to others.

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::header::{CACHE_CONTROL, CONNECTION};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use crate::ask::{Ask, Target};
use crate::caller::Caller;
use crate::error::{Result, StorageError};
use crate::locks::Held;
use crate::model::tus;
use crate::scope::Scope;
use crate::signing::{self, Purpose, Signed};
use crate::state::State;
use crate::store::uploads::{self, Resumable};

mod create;
mod options;
mod patch;
mod status;
mod terminate;
mod terms;

pub(super) const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");
const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");

/// The type of bodies that are bytes of an upload.
const BYTES: &str = "application/offset+octet-stream";

/// Why a request is refused.
enum Refusal {
    /// The protocol says so.
    Protocol(u16, String),
    /// For the reasons of every upload.
    Storage(StorageError),
    /// There is no right token, which is told in the REST dialect.
    Token(StorageError),
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

fn refuse<T>(status: u16, text: impl Into<String>) -> std::result::Result<T, Refusal> {
    Err(Refusal::Protocol(status, text.into()))
}

type Answer = std::result::Result<Response, Refusal>;

/// Answers `path` below `/upload/`.
pub(super) async fn dispatch(ask: Ask, path: &str) -> Result<Response> {
    let Some((is_signed, id)) = place(path) else {
        return Err(ask.no_route());
    };
    let mut response = match Box::pin(answer(ask, is_signed, id)).await {
        Ok(response) => response,
        Err(Refusal::Token(error)) => return Err(error),
        Err(refusal) => refused(refusal),
    };
    response.headers_mut().insert(RESUMABLE, VERSION);
    Ok(response)
}

/// Whether the path is of the signed variant, and the id of its upload, if it has one.
fn place(path: &str) -> Option<(bool, Option<&str>)> {
    let rest = path.strip_prefix("resumable")?;
    let (is_signed, rest) = match rest.strip_prefix("/sign") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => (true, rest),
        _ => (false, rest),
    };
    match rest {
        "" | "/" => Some((is_signed, None)),
        _ => Some((is_signed, Some(rest.strip_prefix('/')?))),
    }
}

async fn answer(ask: Ask, is_signed: bool, id: Option<&str>) -> Answer {
    let method = method(&ask);
    if method == Method::OPTIONS {
        return Ok(options::answer(&ask.state));
    }
    check_headers(&ask.parts.headers, &method)?;
    match (method, id) {
        (Method::POST, None) => create::answer(ask, is_signed).await,
        (Method::HEAD, Some(id)) => status::answer(ask, is_signed, id).await,
        (Method::PATCH, Some(id)) => patch::answer(ask, is_signed, id).await,
        (Method::DELETE, Some(id)) => terminate::answer(ask, is_signed, id).await,
        _ => Err(Refusal::Token(ask.no_route())),
    }
}

/// For clients whose environment knows GET and POST only.
fn method(ask: &Ask) -> Method {
    let named = ask
        .header("x-http-method-override")
        .filter(|_| ask.parts.method == Method::POST);
    match named {
        Some("PATCH") => Method::PATCH,
        Some("DELETE") => Method::DELETE,
        Some("HEAD") => Method::HEAD,
        _ => ask.parts.method.clone(),
    }
}

/// Headers that make no sense, before anything else.
fn check_headers(headers: &HeaderMap, method: &Method) -> std::result::Result<(), Refusal> {
    let Some(version) = headers.get(RESUMABLE) else {
        return refuse(412, "Tus-Resumable Required");
    };
    if *version != VERSION {
        return refuse(400, "Invalid tus-resumable");
    }
    let checks: [(HeaderName, Check); 4] = [
        (OFFSET, |text| number(text).is_some()),
        (LENGTH, |text| number(text).is_some()),
        (DEFER_LENGTH, |text| text == "1"),
        (METADATA, |text| tus::parse_metadata(text).is_some()),
    ];
    for (name, is_right) in checks {
        let text = headers.get(&name).map(|value| value.to_str().unwrap_or_default());
        if text.is_some_and(|text| !is_right(text)) {
            return refuse(400, format!("Invalid {name}"));
        }
    }
    let kind = headers.get(http::header::CONTENT_TYPE);
    if *method == Method::PATCH && kind.is_some_and(|kind| kind != BYTES) {
        return refuse(400, "Invalid content-type");
    }
    Ok(())
}

/// Whether a header's text makes sense.
type Check = fn(&str) -> bool;

fn number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// A header that was checked to be a number.
fn number_of(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    number(headers.get(name)?.to_str().ok()?)
}

fn refused(refusal: Refusal) -> Response {
    let error = match refusal {
        Refusal::Protocol(status, text) => return plain(status, text),
        Refusal::Token(error) | Refusal::Storage(error) => error,
    };
    let status = error.real_status();
    let text = match &error {
        StorageError::TooLarge => "Maximum size exceeded".to_owned(),
        other => other.to_string(),
    };
    if status >= 500 {
        tracing::error!(?error, "a resumable upload failed");
    }
    let mut response = plain(status, text);
    // The rest of the body would have to be read before anything else.
    if matches!(
        error,
        StorageError::TooLarge
            | StorageError::Stalled
            | StorageError::BrokenBody
            | StorageError::ResourceLocked
    ) {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

fn plain(status: u16, text: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("tus-version", VERSION);
    response
}

/// Who asks, before it is known for which object.
enum Asker {
    Token(Scope),
    Url(String),
}

impl Asker {
    fn of(state: &State, parts: &Parts, is_signed: bool) -> std::result::Result<Self, Refusal> {
        if !is_signed {
            let caller = Caller::verified(parts, state).map_err(Refusal::Token)?;
            return Ok(Self::Token(Scope::new(caller, parts, "")));
        }
        let token = parts.headers.get("x-signature").map(HeaderValue::to_str);
        match token {
            Some(Ok(token)) => Ok(Self::Url(token.to_owned())),
            _ => Err(StorageError::InvalidSignature("Missing x-signature header".to_owned()).into()),
        }
    }

    /// As whom statements about this object run, and what a signed URL says of it.
    fn scope(
        self,
        state: &State,
        parts: &Parts,
        target: &Target,
        operation: Operation,
    ) -> Result<(Scope, Option<Signed>)> {
        match self {
            Self::Token(scope) => {
                let operation = operation.name();
                Ok((Scope { operation, ..scope }, None))
            }
            Self::Url(token) => {
                let signed = signing::check(state, &token, target, Purpose::Upload)?;
                let scope = Scope::new(Caller::service(), parts, operation.name_signed());
                Ok((scope, Some(signed)))
            }
        }
    }
}

/// What policies see in `storage.operation`.
#[derive(Clone, Copy)]
enum Operation {
    Create,
    Part,
    Get,
    Delete,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "storage.tus.upload.create",
            Self::Part => "storage.tus.upload.part",
            Self::Get => "storage.tus.upload.get",
            Self::Delete => "storage.tus.upload.delete",
        }
    }

    fn name_signed(self) -> &'static str {
        match self {
            Self::Create => "storage.tus.upload.create_signed",
            Self::Part => "storage.tus.upload.part_signed",
            Self::Get => "storage.tus.upload.get_signed",
            Self::Delete => "storage.tus.upload.delete_signed",
        }
    }
}

/// An upload that a request is about, and who asks.
struct Found {
    scope: Scope,
    upload: Resumable,
    lock: Held,
}

/// The upload of an id, for one who may go on with it, and ours alone from here on.
async fn find(
    (state, parts): (&State, &Parts),
    is_signed: bool,
    id: &str,
    operation: Operation,
) -> std::result::Result<Found, Refusal> {
    let asker = Asker::of(state, parts, is_signed)?;
    let Some((bucket, key, version)) = tus::parse_id(id) else {
        return refuse(404, "The file for this url was not found");
    };
    let target = Target { bucket, key };
    let (scope, _) = asker.scope(state, parts, &target, operation)?;
    let read = || uploads::find(&state.pool, version, &target.bucket, &target.key);
    let seen = known(state, read().await?)?;
    let terms = &seen.terms;
    let is_theirs = scope.caller.role == terms.role && scope.caller.sub == terms.owner_id;
    let is_allowed = terms.is_signed == is_signed && (is_signed || is_theirs || scope.caller.is_service());
    if !is_allowed {
        return Err(StorageError::AccessDenied("Access denied".to_owned()).into());
    }
    let lock = state.locks().take(seen.id).await?;
    // As the writer before left it.
    let upload = known(state, read().await?)?;
    Ok(Found { scope, upload, lock })
}

fn known(state: &State, found: Option<Resumable>) -> std::result::Result<Resumable, Refusal> {
    match found {
        None => refuse(404, "The file for this url was not found"),
        Some(upload) if !upload.is_complete && upload.expires_at <= state.clock.now() => {
            refuse(410, "The file for this url no longer exists")
        }
        Some(upload) => Ok(upload),
    }
}

/// Marks an answer about an upload that is not complete.
fn mark_expiry(response: &mut Response, expires_at: DateTime<Utc>) {
    let text = expires_at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(EXPIRES, value);
    }
}

fn mark_complete(response: &mut Response) {
    let one = HeaderValue::from_static("1");
    response.headers_mut().insert("tus-complete", one);
}

/// A user's metadata in a text; what is none counts as not sent.
fn user_metadata(text: &str) -> Option<Value> {
    crate::incoming::object(text)
}
