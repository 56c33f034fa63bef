//! Objects (§5 – §11).

use axum::response::{IntoResponse, Response};
use http::Method;
use http::header::CONNECTION;

use crate::ask::{Ask, Target, bucket_of};
use crate::error::{Result, StorageError};
use crate::reading::Reader;

mod copy;
mod info;
mod list;
mod list_v2;
mod relocate;
mod remove;
mod remove_many;
mod sign;
mod sign_many;
mod sign_upload;
mod signed;
mod upload;
mod upload_signed;

pub(super) async fn dispatch(ask: Ask, path: &str) -> Result<Response> {
    match ask.parts.method {
        Method::GET | Method::HEAD => read(ask, path).await,
        Method::POST => post(ask, path).await,
        Method::PUT => put(ask, path).await,
        Method::DELETE => delete(ask, path).await,
        _ => Err(ask.no_route()),
    }
}

/// `bucket/key` behind `prefix/`; what has no key there is looked for without the prefix.
fn behind(path: &str, prefix: &str) -> Option<Result<Target>> {
    Target::of(path.strip_prefix(prefix)?.strip_prefix('/')?)
}

async fn read(ask: Ask, path: &str) -> Result<Response> {
    let (state, parts) = (&ask.state, &ask.parts);
    let is_get = parts.method == Method::GET;
    if is_get && let Some(target) = behind(path, "info/public") {
        return info::answer(state, parts, &Reader::Everybody, &target?).await;
    }
    if is_get && let Some(target) = behind(path, "info/authenticated") {
        let reader = Reader::Token(ask.scope("object.get_authenticated_info")?);
        return info::answer(state, parts, &reader, &target?).await;
    }
    if is_get && let Some(target) = behind(path, "info") {
        let reader = Reader::with_token(state, parts, "object.get_authenticated_info");
        return info::answer(state, parts, &reader, &target?).await;
    }
    if let Some(target) = behind(path, "public") {
        return Reader::Everybody.answer(state, parts, &target?).await;
    }
    if let Some(target) = behind(path, "sign") {
        return signed::answer(state, parts, &target?).await;
    }
    let operation = if is_get {
        "storage.object.get_authenticated"
    } else {
        "object.head_authenticated_info"
    };
    if let Some(target) = behind(path, "authenticated") {
        let reader = Reader::Token(ask.scope(operation)?);
        return reader.answer(state, parts, &target?).await;
    }
    match Target::of(path) {
        Some(target) => {
            let reader = Reader::with_token(state, parts, operation);
            reader.answer(state, parts, &target?).await
        }
        None => Err(ask.no_route()),
    }
}

async fn post(ask: Ask, path: &str) -> Result<Response> {
    match path.split_once('/') {
        None if path == "move" => return relocate::answer(ask).await,
        None if path == "copy" => return copy::answer(ask).await,
        Some(("list", bucket)) if !bucket.contains('/') => {
            return list::answer(ask, &bucket_of(bucket)?).await;
        }
        Some(("list-v2", bucket)) if !bucket.contains('/') => {
            return list_v2::answer(ask, &bucket_of(bucket)?).await;
        }
        Some(("sign", bucket)) if !bucket.contains('/') => {
            return sign_many::answer(ask, &bucket_of(bucket)?).await;
        }
        _ => {}
    }
    if let Some(target) = behind(path, "sign") {
        return sign::answer(ask, target?).await;
    }
    if let Some(target) = behind(path, "upload/sign") {
        return sign_upload::answer(ask, target?).await;
    }
    match Target::of(path) {
        Some(target) => upload_ended(upload::create(ask, target?).await),
        None => Err(ask.no_route()),
    }
}

async fn put(ask: Ask, path: &str) -> Result<Response> {
    if let Some(target) = behind(path, "upload/sign") {
        return upload_ended(upload_signed::answer(ask, target?).await);
    }
    match Target::of(path) {
        Some(target) => upload_ended(upload::update(ask, target?).await),
        None => Err(ask.no_route()),
    }
}

async fn delete(ask: Ask, path: &str) -> Result<Response> {
    match Target::of(path) {
        Some(target) => remove::answer(ask, target?).await,
        None if path.is_empty() => Err(ask.no_route()),
        None => remove_many::answer(ask, &bucket_of(path)?).await,
    }
}

/// After a refused upload the connection ends: the rest of the body would have to be read before anything else.
fn upload_ended(answer: Result<Response>) -> Result<Response> {
    match answer {
        Err(error @ (StorageError::TooLarge | StorageError::Stalled | StorageError::BrokenBody)) => {
            let mut response = error.into_response();
            let close = http::HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
            Ok(response)
        }
        other => other,
    }
}
