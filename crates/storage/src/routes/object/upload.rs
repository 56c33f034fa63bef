//! `POST /object/:bucket/*` makes an object, `PUT` makes or replaces one.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::ask::{Ask, Target};
use crate::error::Result;
use crate::uploading::Upload;

pub(super) async fn create(ask: Ask, target: Target) -> Result<Response> {
    let is_upsert = ask.is_upsert();
    run(ask, target, is_upsert, "storage.object.upload").await
}

pub(super) async fn update(ask: Ask, target: Target) -> Result<Response> {
    run(ask, target, true, "storage.object.upload_update").await
}

async fn run(ask: Ask, target: Target, is_upsert: bool, operation: &'static str) -> Result<Response> {
    let scope = ask.scope(operation)?;
    let key = format!("{}/{}", target.bucket, target.key);
    let upload = Upload {
        target,
        owner_id: scope.caller.sub.clone(),
        scope,
        is_upsert,
    };
    let id = upload.run(&ask.state, &ask.parts.headers, ask.body).await?;
    Ok(Json(json!({ "Id": id, "Key": key })).into_response())
}
