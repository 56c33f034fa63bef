//! The route table. Each area has its own part in `routes/<area>.rs`, one line per endpoint; every operation is a file of
//! its own below that.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};

use crate::ask::Ask;
use crate::error::Result;
use crate::state::State;

mod bucket;
mod object;
mod render;
mod resumable;
mod s3;
mod service;

/// Answers every request of the service, whose paths begin at the root (`/storage/v1` behind the gateway).
pub async fn answer(state: State, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let ask = Ask { state, parts, body };
    match dispatch(ask).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn dispatch(ask: Ask) -> Result<Response> {
    let path = ask.parts.uri.path().to_owned();
    let path = path.strip_prefix('/').unwrap_or(&path);
    let (area, rest) = match path.split_once('/') {
        Some((area, rest)) => (area, Some(rest)),
        None => (path, None),
    };
    match (area, rest) {
        ("object", Some(rest)) => Box::pin(object::dispatch(ask, rest)).await,
        ("bucket", rest) => Box::pin(bucket::dispatch(ask, rest.filter(|rest| !rest.is_empty()))).await,
        ("cdn", rest) => service::cdn::purge(&ask, rest.unwrap_or_default()),
        ("render", Some(rest)) => Box::pin(render::dispatch(ask, rest)).await,
        ("status", None) if ask.parts.method == Method::GET => Ok(StatusCode::OK.into_response()),
        ("version", None) if ask.parts.method == Method::GET => Ok(env!("CARGO_PKG_VERSION").into_response()),
        ("health", None) if ask.parts.method == Method::GET => service::health::answer(ask).await,
        ("s3", rest) => {
            let rest = rest.unwrap_or_default().to_owned();
            Ok(Box::pin(s3::dispatch(ask, &rest)).await)
        }
        ("upload", Some(rest)) => Box::pin(resumable::dispatch(ask, rest)).await,
        ("iceberg" | "vector", rest) => service::unserved::answer(&ask, area, rest),
        _ => Err(ask.no_route()),
    }
}
