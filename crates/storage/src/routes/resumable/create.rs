//! `POST`: begins an upload, and takes its first bytes where they come along.

use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use futures_util::{StreamExt, stream};
use http::header::{CONTENT_TYPE, HOST, LOCATION};
use http::{HeaderValue, StatusCode};

use super::{
    Answer, Asker, BYTES, DEFER_LENGTH, LENGTH, OFFSET, Operation, Refusal, mark_complete, mark_expiry,
    number_of, patch, refuse, terms,
};
use crate::ask::{Ask, Target};
use crate::error::StorageError;
use crate::incoming::{Chunks, timed};
use crate::model::tus;
use crate::permission;
use crate::resuming::{Part, probe};
use crate::scope::Scope;
use crate::state::State;
use crate::store::uploads::{self, Resumable, Terms};

pub(super) async fn answer(ask: Ask, is_signed: bool) -> Answer {
    let asker = Asker::of(&ask.state, &ask.parts, is_signed)?;
    let headers = &ask.parts.headers;
    let length = number_of(headers, &LENGTH);
    if length.is_some() == headers.contains_key(DEFER_LENGTH) {
        return refuse(400, "Upload-Length or Upload-Defer-Length header required");
    }
    let wanted = terms::read(headers)?;
    let (scope, signed) = asker.scope(&ask.state, &ask.parts, &wanted.target, Operation::Create)?;
    let limit = terms::limit(&ask.state, &wanted.target, &wanted.mime).await?;
    if length.is_some_and(|length| length > limit) {
        return Err(StorageError::TooLarge.into());
    }
    let (owner_id, is_upsert) = match signed {
        Some(signed) => (signed.owner, signed.is_upsert),
        None => (scope.caller.sub.clone(), ask.is_upsert()),
    };
    let terms = Terms {
        header: wanted.header,
        mime: wanted.mime,
        cache_control: wanted.cache_control,
        user_metadata: wanted.user_metadata,
        owner_id,
        role: scope.caller.role.clone(),
        is_upsert,
        is_signed,
    };
    let upload = begin(&ask.state, &scope, wanted.target, length, terms).await?;
    let id = tus::id(&upload.bucket, &upload.name, upload.version);
    let location = location(&ask, is_signed, &id)?;
    let has_bytes = ask.header(CONTENT_TYPE.as_str()) == Some(BYTES);
    let upload = if has_bytes || length == Some(0) {
        first(ask, scope, upload, limit, has_bytes).await?
    } else {
        upload
    };
    let mut response = StatusCode::CREATED.into_response();
    response.headers_mut().insert(LOCATION, location);
    if has_bytes {
        response.headers_mut().insert(OFFSET, upload.offset.into());
    }
    mark(&mut response, &upload);
    Ok(response)
}

fn mark(response: &mut Response, upload: &Resumable) {
    if upload.is_complete {
        mark_complete(response);
    } else {
        mark_expiry(response, upload.expires_at);
    }
}

/// The row of a new upload, for one who may make the object.
async fn begin(
    state: &State,
    scope: &Scope,
    target: Target,
    length: Option<u64>,
    terms: Terms,
) -> Result<Resumable, Refusal> {
    let probe = probe(&target.bucket, &target.key, &terms, length);
    Box::pin(permission::may_write(state, scope, &probe, terms.is_upsert)).await?;
    let life = i64::try_from(state.config.resumable_milliseconds).unwrap_or(i64::MAX);
    let life = TimeDelta::try_milliseconds(life).and_then(|life| state.clock.now().checked_add_signed(life));
    let Some(expires_at) = life else {
        return Err(StorageError::Internal("a time that never comes".to_owned()).into());
    };
    let key = (target.bucket.as_str(), target.key.as_str());
    let (id, version) = uploads::begin(&state.pool, key, length, &terms, expires_at).await?;
    Ok(Resumable {
        id,
        bucket: target.bucket,
        name: target.key,
        version,
        length,
        offset: 0,
        hash: None,
        expires_at,
        is_complete: false,
        terms,
    })
}

/// The bytes that come with the creation; none make an empty object.
async fn first(
    ask: Ask,
    scope: Scope,
    upload: Resumable,
    limit: u64,
    has_bytes: bool,
) -> Result<Resumable, Refusal> {
    patch::check_size(&ask.parts.headers, &upload, limit)?;
    let checksum = patch::checksum(&ask.parts.headers)?;
    let lock = ask.state.locks().take(upload.id).await?;
    let chunks: Chunks = if has_bytes {
        timed(ask.body).boxed()
    } else {
        stream::empty().boxed()
    };
    let part = Part {
        state: ask.state,
        scope,
        upload,
        limit,
        lock,
        checksum,
        chunks,
    };
    Ok(part.take().await?)
}

/// The upload's URL: below what the configuration calls this server, or what the client called it.
fn location(ask: &Ask, is_signed: bool, id: &str) -> Result<HeaderValue, Refusal> {
    let base = match &ask.state.config.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => asked_for(ask),
    };
    let sign = if is_signed { "/sign" } else { "" };
    let url = format!("{base}/storage/v1/upload/resumable{sign}/{id}");
    HeaderValue::from_str(&url)
        .map_err(|_| StorageError::InvalidRequest("Invalid Host header".to_owned()).into())
}

/// Scheme and host that the client used. It is told nothing but what it said.
fn asked_for(ask: &Ask) -> String {
    let first = |name| {
        let list: Option<&str> = ask.header(name);
        list.and_then(|list| list.split(',').next()).map(str::trim)
    };
    let scheme = match first("x-forwarded-proto") {
        Some("https") => "https",
        _ => "http",
    };
    let authority = ask.parts.uri.authority().map(http::uri::Authority::as_str);
    let host = first("x-forwarded-host").or(first(HOST.as_str())).or(authority);
    // A path alone is one below the endpoint that was asked.
    host.map_or_else(String::new, |host| format!("{scheme}://{host}"))
}
