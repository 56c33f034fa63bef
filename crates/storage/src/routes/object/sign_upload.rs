//! `POST /object/upload/sign/:bucket/*`: a URL by which somebody else can upload an object for the caller (§11).

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use serde_json::json;

use crate::ask::{Ask, Target};
use crate::error::Result;
use crate::store::objects::NewObject;
use crate::uploading::declared;
use crate::{incoming, permission, signing};

pub(super) async fn answer(ask: Ask, target: Target) -> Result<Response> {
    let scope = ask.scope("storage.object.sign_upload_url")?;
    target.check()?;
    let (headers, is_upsert) = (&ask.parts.headers, ask.is_upsert());
    let probe = NewObject {
        bucket: target.bucket.clone(),
        name: target.key.clone(),
        owner_id: scope.caller.sub.clone(),
        version: permission::VERSION.to_owned(),
        metadata: json!({
            "mimetype": ask.header(CONTENT_TYPE.as_str()),
            "contentLength": declared(headers),
        }),
        user_metadata: incoming::metadata(headers),
    };
    Box::pin(permission::may_write(&ask.state, &scope, &probe, is_upsert)).await?;
    let token = signing::upload(&ask.state, &target, scope.caller.sub.as_deref(), is_upsert)?;
    let url = format!(
        "/object/upload/sign/{}/{}?token={token}",
        target.bucket, target.key
    );
    Ok(Json(json!({ "url": url, "token": token })).into_response())
}
