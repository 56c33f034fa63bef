//! `POST /:bucket/:key?uploads`: begins an upload in parts.

use axum::response::Response;
use http::header::CACHE_CONTROL;
use serde::Serialize;
use serde_json::json;

use super::put_object;
use crate::ask::Target;
use crate::error::Result;
use crate::model::rules;
use crate::multipart;
use crate::s3::answer::{NAMESPACE, xml};
use crate::s3::call::Call;
use crate::s3::metadata;

#[derive(Serialize)]
#[serde(rename = "InitiateMultipartUploadResult")]
struct Answer {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    #[serde(rename = "Bucket")]
    bucket: String,
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "UploadId")]
    id: String,
}

pub(super) async fn answer(mut call: Call, target: Target) -> Result<Response> {
    let scope = call.scope("storage.s3.upload.create_multipart");
    call.document().await?;
    let bucket = put_object::find(&call, &target.bucket).await?;
    let mime = put_object::mime(&call)?;
    rules::check_mime(&bucket.allowed_mime_types, &mime)?;
    let file = json!({
        "mimetype": mime,
        "cacheControl": call.header(CACHE_CONTROL.as_str()).unwrap_or("no-cache"),
    });
    let user = metadata::sent(&call.parts.headers)?;
    let id = multipart::create(&call.state, &scope, &target, &file, &user).await?;
    xml(&Answer {
        namespace: NAMESPACE,
        bucket: target.bucket,
        key: target.key,
        id,
    })
}
