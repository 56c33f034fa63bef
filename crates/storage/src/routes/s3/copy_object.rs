//! `PUT /:bucket/:key` with `x-amz-copy-source`

use axum::response::Response;
use http::header::CACHE_CONTROL;
use serde::Serialize;
use serde_json::Value;

use crate::ask::Target;
use crate::copying::Copying;
use crate::error::Result;
use crate::model::rules;
use crate::s3::answer::{NAMESPACE, xml};
use crate::s3::call::Call;
use crate::s3::fault::Fault;
use crate::s3::{conditions, metadata};

use super::put_object;

#[derive(Serialize)]
#[serde(rename = "CopyObjectResult")]
struct Answer {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    #[serde(rename = "ETag")]
    etag: String,
    #[serde(rename = "LastModified")]
    modified: String,
}

pub(super) async fn answer(mut call: Call, from: Target, to: Target) -> Result<Response> {
    let scope = call.scope("storage.s3.object.copy");
    call.document().await?;
    let replaces = match call.header("x-amz-metadata-directive") {
        None | Some("" | "COPY") => false,
        Some("REPLACE") => true,
        Some(_) => return Err(Fault::InvalidArgument("x-amz-metadata-directive").into()),
    };
    let bucket = put_object::find(&call, &to.bucket).await?;
    let headers = call.parts.headers.clone();
    let (mut user_metadata, mut mime, mut cache_control) = (None, None, None);
    if replaces {
        user_metadata = Some(Some(metadata::sent(&headers)?));
        mime = Some(put_object::mime(&call)?);
        cache_control = Some(
            call.header(CACHE_CONTROL.as_str())
                .unwrap_or("no-cache")
                .to_owned(),
        );
    }
    let sent_mime = mime.clone();
    let limit = bucket.file_size_limit.and_then(|limit| u64::try_from(limit).ok());
    let copying = Copying {
        scope: &scope,
        from: &from,
        to: &to,
        user_metadata,
        mime,
        cache_control,
        is_upsert: true,
        condition: &|source| {
            conditions::check_source(&headers, source)?;
            let kept = source.text("mimetype").unwrap_or_default();
            rules::check_mime(&bucket.allowed_mime_types, sent_mime.as_deref().unwrap_or(kept))?;
            if limit.is_some_and(|limit| source.size().unwrap_or_default() > limit) {
                return Err(crate::error::StorageError::TooLarge);
            }
            Ok(())
        },
    };
    let row = copying.run(&call.state).await?;
    let text = |name: &str| {
        row.pointer(&format!("/metadata/{name}"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    xml(&Answer {
        namespace: NAMESPACE,
        etag: text("eTag"),
        modified: text("lastModified"),
    })
}
