//! `PUT /:bucket/:key?uploadId=…&partNumber=…`: a part, of the body or of another object.

use axum::response::Response;
use futures_util::StreamExt;
use http::StatusCode;
use http::header::ETAG;
use serde::Serialize;

use super::upload_of;
use crate::ask::Target;
use crate::error::{Result, StorageError};
use crate::model::ranges::Span;
use crate::multipart::MOST;
use crate::permission;
use crate::s3::answer::{NAMESPACE, empty, time, value, xml};
use crate::s3::call::Call;
use crate::s3::conditions;
use crate::s3::fault::Fault;

#[derive(Serialize)]
#[serde(rename = "CopyPartResult")]
struct Answer {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    #[serde(rename = "ETag")]
    etag: String,
    #[serde(rename = "LastModified")]
    modified: String,
}

pub(super) async fn answer(mut call: Call, target: Target) -> Result<Response> {
    let number = number(&call)?;
    if let Some(source) = call.source()? {
        return copy(call, source, target, number).await;
    }
    let order = upload_of(&call, target, "storage.s3.upload.part")?;
    let payload = call.take_payload()?;
    let part = order
        .put_part(&call.state, number, payload.length, payload.chunks)
        .await?;
    let mut response = empty(StatusCode::OK);
    if let Some(etag) = value(&part.etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    Ok(response)
}

async fn copy(mut call: Call, from: Target, target: Target, number: i32) -> Result<Response> {
    let order = upload_of(&call, target, "storage.s3.upload.part_copy")?;
    call.document().await?;
    let source = permission::read(&call.state, &order.scope, &from.bucket, &from.key).await?;
    conditions::check_source(&call.parts.headers, &source)?;
    let version = source.blob().ok_or(StorageError::NoBlob)?;
    let blob = call.state.blobs.open(version, false).await?;
    let span = match call.header("x-amz-copy-source-range") {
        Some(range) => span(range, blob.size()).ok_or(Fault::CopyRange)?,
        None => Span {
            start: 0,
            length: blob.size(),
        },
    };
    let chunks = blob.body(span).into_data_stream();
    let chunks = chunks.map(|chunk| chunk.map_err(|error| StorageError::Internal(error.to_string())));
    let part = order
        .put_part(&call.state, number, Some(span.length), chunks.boxed())
        .await?;
    xml(&Answer {
        namespace: NAMESPACE,
        etag: part.etag,
        modified: time(part.created_at),
    })
}

fn number(call: &Call) -> Result<i32> {
    let number = call.query.text("partNumber").and_then(|text| text.parse().ok());
    number
        .filter(|number| (1..=MOST).contains(number))
        .ok_or_else(|| Fault::InvalidArgument("partNumber").into())
}

/// `bytes=first-last`, both of them, within the source.
fn span(range: &str, size: u64) -> Option<Span> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last && last < size).then(|| Span {
        start: first,
        length: last - first + 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_sources() {
        let of = |range| span(range, 10).map(|span| (span.start, span.length));
        assert_eq!(of("bytes=0-9"), Some((0, 10)));
        assert_eq!(of("bytes=3-3"), Some((3, 1)));
        for bad in ["bytes=0-10", "bytes=3-", "bytes=-3", "bytes=4-3", "0-1", ""] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
