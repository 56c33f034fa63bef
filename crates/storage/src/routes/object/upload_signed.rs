//! `PUT /object/upload/sign/:bucket/*?token=`: an upload by a signed URL. Who signed it has been checked (§11).

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::ask::{Ask, Target};
use crate::caller::Caller;
use crate::error::Result;
use crate::scope::Scope;
use crate::signing::{self, Purpose};
use crate::uploading::Upload;

pub(super) async fn answer(ask: Ask, target: Target) -> Result<Response> {
    let token = signing::token(&ask.parts)?;
    let signed = signing::check(&ask.state, &token, &target, Purpose::Upload)?;
    let key = format!("{}/{}", target.bucket, target.key);
    let upload = Upload {
        target,
        scope: Scope::new(Caller::service(), &ask.parts, "storage.object.upload_signed"),
        owner_id: signed.owner,
        is_upsert: signed.is_upsert,
    };
    upload.run(&ask.state, &ask.parts.headers, ask.body).await?;
    Ok(Json(json!({ "Key": key })).into_response())
}
