//! `GET /:bucket/:key?uploadId=…`: the parts that are there.

use axum::response::Response;
use serde::Serialize;

use super::upload_of;
use crate::ask::Target;
use crate::error::Result;
use crate::s3::answer::{NAMESPACE, time, xml};
use crate::s3::call::Call;
use crate::store::multipart;

/// Most parts of a page.
const PAGE: u32 = 1000;

#[derive(Serialize)]
#[serde(rename = "ListPartsResult")]
struct Answer {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    #[serde(rename = "Bucket")]
    bucket: String,
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "UploadId")]
    id: String,
    #[serde(rename = "PartNumberMarker")]
    marker: u32,
    #[serde(rename = "NextPartNumberMarker", skip_serializing_if = "Option::is_none")]
    next: Option<i32>,
    #[serde(rename = "MaxParts")]
    most: u32,
    #[serde(rename = "IsTruncated")]
    is_truncated: bool,
    #[serde(rename = "Part")]
    parts: Vec<Part>,
    #[serde(rename = "StorageClass")]
    class: &'static str,
}

#[derive(Serialize)]
struct Part {
    #[serde(rename = "PartNumber")]
    number: i32,
    #[serde(rename = "LastModified")]
    modified: String,
    #[serde(rename = "ETag")]
    etag: String,
    #[serde(rename = "Size")]
    size: i64,
}

pub(super) async fn answer(call: Call, target: Target) -> Result<Response> {
    let order = upload_of(&call, target, "storage.s3.upload.list_parts")?;
    order.find(&call.state).await?;
    let most = call.query.number("max-parts", 0, PAGE)?.unwrap_or(PAGE);
    let marker = call
        .query
        .number("part-number-marker", 0, 10_000)?
        .unwrap_or_default();
    let after = i32::try_from(marker).unwrap_or(i32::MAX);
    let mut parts = multipart::parts(&call.state.pool.reads(), &order.id, after, i64::from(most) + 1).await?;
    let limit = usize::try_from(most).unwrap_or(usize::MAX);
    let is_truncated = parts.len() > limit && most > 0;
    parts.truncate(limit);
    xml(&Answer {
        namespace: NAMESPACE,
        bucket: order.target.bucket,
        key: order.target.key,
        id: order.id,
        marker,
        next: parts.last().filter(|_| is_truncated).map(|part| part.number),
        most,
        is_truncated,
        parts: parts
            .into_iter()
            .map(|part| Part {
                number: part.number,
                modified: time(part.created_at),
                etag: part.etag,
                size: part.size,
            })
            .collect(),
        class: "STANDARD",
    })
}
