//! `GET /:bucket?uploads`: uploads in parts that are under way, as far as the caller may see their rows.

use axum::response::Response;
use serde::Serialize;

use super::list_objects::{Prefix, is_url_encoded};
use crate::error::Result;
use crate::s3::answer::{NAMESPACE, time, xml};
use crate::s3::call::Call;
use crate::s3::sigv4::encoded_key;
use crate::store::buckets;
use crate::store::multipart::{self, Entry, Page};

/// Most entries of a page.
const PAGE: u32 = 1000;

#[derive(Serialize)]
#[serde(rename = "ListMultipartUploadsResult")]
struct Answer {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    #[serde(rename = "Bucket")]
    bucket: String,
    #[serde(rename = "KeyMarker")]
    key_marker: String,
    #[serde(rename = "UploadIdMarker")]
    upload_marker: String,
    #[serde(rename = "NextKeyMarker", skip_serializing_if = "Option::is_none")]
    next_key: Option<String>,
    #[serde(rename = "NextUploadIdMarker", skip_serializing_if = "Option::is_none")]
    next_upload: Option<String>,
    #[serde(rename = "Prefix")]
    prefix: String,
    #[serde(rename = "Delimiter", skip_serializing_if = "Option::is_none")]
    delimiter: Option<String>,
    #[serde(rename = "EncodingType", skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    #[serde(rename = "MaxUploads")]
    most: u32,
    #[serde(rename = "IsTruncated")]
    is_truncated: bool,
    #[serde(rename = "Upload")]
    uploads: Vec<Upload>,
    #[serde(rename = "CommonPrefixes")]
    prefixes: Vec<Prefix>,
}

#[derive(Serialize)]
struct Upload {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "UploadId")]
    id: String,
    #[serde(rename = "Initiated")]
    begun: String,
    #[serde(rename = "StorageClass")]
    class: &'static str,
}

pub(super) async fn answer(call: Call, bucket: &str) -> Result<Response> {
    let scope = call.scope("storage.s3.upload.list_multipart");
    let query = &call.query;
    let most = query.number("max-uploads", 0, PAGE)?.unwrap_or(PAGE);
    let is_encoded = is_url_encoded(query.text("encoding-type"))?;
    let page = Page {
        bucket,
        prefix: query.get("prefix").unwrap_or_default(),
        delimiter: query.get("delimiter").unwrap_or_default(),
        key_marker: query.get("key-marker").unwrap_or_default(),
        upload_marker: query.get("upload-id-marker").unwrap_or_default(),
        limit: i32::try_from(most + 1).unwrap_or(i32::MAX),
    };
    buckets::find(&call.state.pool.reads(), bucket).await?;
    let mut connection = call.state.pool.get().await?;
    let tx = connection.begin().await?;
    let (entered, found) = futures_util::join!(scope.enter(&tx), multipart::list(&tx, &page));
    entered?;
    let found = found?;
    tx.rollback().await?;
    xml(&divided(&page, found, most, is_encoded))
}

fn divided(page: &Page<'_>, mut found: Vec<Entry>, most: u32, is_encoded: bool) -> Answer {
    let shown = |text: &str| {
        if is_encoded {
            encoded_key(text)
        } else {
            text.to_owned()
        }
    };
    let limit = usize::try_from(most).unwrap_or(usize::MAX);
    let is_truncated = found.len() > limit && most > 0;
    found.truncate(limit);
    let last = found.last().filter(|_| is_truncated);
    let (next_key, next_upload) = match last {
        Some(last) => (
            Some(shown(&last.key)),
            last.upload.as_ref().map(|(id, _)| id.clone()),
        ),
        None => (None, None),
    };
    let (mut uploads, mut prefixes) = (Vec::new(), Vec::new());
    for entry in found {
        let key = shown(&entry.key);
        match entry.upload {
            Some((id, at)) => uploads.push(Upload {
                key,
                id,
                begun: time(at),
                class: "STANDARD",
            }),
            None => prefixes.push(Prefix { prefix: key }),
        }
    }
    Answer {
        namespace: NAMESPACE,
        bucket: page.bucket.to_owned(),
        key_marker: shown(page.key_marker),
        upload_marker: page.upload_marker.to_owned(),
        next_key,
        next_upload,
        prefix: shown(page.prefix),
        delimiter: (!page.delimiter.is_empty()).then(|| shown(page.delimiter)),
        encoding: is_encoded.then_some("url"),
        most,
        is_truncated,
        uploads,
        prefixes,
    }
}
