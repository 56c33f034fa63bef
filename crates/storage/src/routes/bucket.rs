//! Buckets (§4).

use axum::response::Response;
use http::Method;

use crate::ask::{Ask, bucket_of};
use crate::error::{Result, StorageError};

mod create;
mod delete;
mod empty;
mod get;
mod list;
mod settings;
mod update;

pub(super) async fn dispatch(ask: Ask, path: Option<&str>) -> Result<Response> {
    let method = ask.parts.method.clone();
    let (id, rest) = match path {
        None => (None, None),
        Some(path) => match path.split_once('/') {
            Some((id, rest)) => (Some(bucket_of(id)?), Some(rest)),
            None => (Some(bucket_of(path)?), None),
        },
    };
    match (method, id, rest) {
        (Method::POST, None, None) => create::answer(ask).await,
        (Method::GET, None, None) => list::answer(ask).await,
        (Method::GET, Some(id), None) => get::answer(ask, &id).await,
        (Method::PUT, Some(id), None) => update::answer(ask, &id).await,
        (Method::DELETE, Some(id), None) => delete::answer(ask, &id).await,
        (Method::GET | Method::PUT | Method::DELETE, Some(_), Some("lifecycle")) => {
            Err(StorageError::NotSupported("Lifecycle rules"))
        }
        (Method::POST, Some(id), Some("empty")) => empty::answer(ask, &id).await,
        _ => Err(ask.no_route()),
    }
}
