//! `DELETE /cdn`, `/cdn/:bucket`, `/cdn/:bucket/*`: there is no network of caches before this server, so that nothing has
//! to be purged (§17).

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::Method;
use serde_json::json;

use crate::ask::{Ask, Target, bucket_of};
use crate::caller::Caller;
use crate::error::Result;
use crate::model::names;

pub(in crate::routes) fn purge(ask: &Ask, path: &str) -> Result<Response> {
    if ask.parts.method != Method::DELETE {
        return Err(ask.no_route());
    }
    Caller::required(&ask.parts, &ask.state)?.must_be_service()?;
    match Target::of(path) {
        Some(target) => target?.check()?,
        None if path.is_empty() => {}
        None => names::check_bucket(&bucket_of(path)?)?,
    }
    Ok(Json(json!({ "message": "success" })).into_response())
}
