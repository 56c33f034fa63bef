//! `GET /:bucket`: keys, page after page, in the first form (`marker`) and in the second (`list-type=2`).

use axum::response::Response;
use data_encoding::BASE64;
use serde::Serialize;

use crate::error::Result;
use crate::s3::answer::{NAMESPACE, time, xml};
use crate::s3::call::Call;
use crate::s3::fault::Fault;
use crate::s3::sigv4::encoded_key;
use crate::store::buckets;
use crate::store::keys::{self, Entry, Keys};

/// Most entries of a page.
const MOST: u32 = 1000;

#[derive(Serialize)]
#[serde(rename = "ListBucketResult")]
struct Answer {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Prefix")]
    prefix: String,
    #[serde(rename = "Delimiter", skip_serializing_if = "Option::is_none")]
    delimiter: Option<String>,
    #[serde(rename = "Marker", skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
    #[serde(rename = "StartAfter", skip_serializing_if = "Option::is_none")]
    start_after: Option<String>,
    #[serde(rename = "ContinuationToken", skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(rename = "NextMarker", skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    #[serde(rename = "NextContinuationToken", skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
    #[serde(rename = "KeyCount", skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    #[serde(rename = "MaxKeys")]
    most: u32,
    #[serde(rename = "EncodingType", skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    #[serde(rename = "IsTruncated")]
    is_truncated: bool,
    #[serde(rename = "Contents")]
    contents: Vec<Content>,
    #[serde(rename = "CommonPrefixes")]
    prefixes: Vec<Prefix>,
}

#[derive(Serialize)]
struct Content {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "LastModified")]
    modified: String,
    #[serde(rename = "ETag")]
    etag: String,
    #[serde(rename = "Size")]
    size: i64,
    #[serde(rename = "StorageClass")]
    class: &'static str,
}

#[derive(Serialize)]
pub(super) struct Prefix {
    #[serde(rename = "Prefix")]
    pub(super) prefix: String,
}

pub(super) async fn answer(call: Call, bucket: &str) -> Result<Response> {
    let scope = call.scope("storage.s3.object.list");
    let query = &call.query;
    let is_second = query.get("list-type") == Some("2");
    let most = query.number("max-keys", 0, MOST)?.unwrap_or(MOST);
    let (prefix, delimiter) = (
        query.get("prefix").unwrap_or_default(),
        query.get("delimiter").unwrap_or_default(),
    );
    let after = if is_second {
        match query.text("continuation-token") {
            Some(token) => read_token(token)?,
            None => query.get("start-after").unwrap_or_default().to_owned(),
        }
    } else {
        query.get("marker").unwrap_or_default().to_owned()
    };
    let page = Keys {
        bucket,
        prefix,
        delimiter,
        after: &after,
        limit: i32::try_from(most + 1).unwrap_or(i32::MAX),
    };
    buckets::find(&call.state.pool.reads(), bucket).await?;
    let mut connection = call.state.pool.get().await?;
    let tx = connection.begin().await?;
    let (entered, found) = futures_util::join!(scope.enter(&tx), keys::list(&tx, &page));
    entered?;
    let found = found?;
    tx.rollback().await?;
    xml(&divided(&call, &page, found, most, is_second)?)
}

fn divided(
    call: &Call,
    page: &Keys<'_>,
    mut found: Vec<Entry>,
    most: u32,
    is_second: bool,
) -> Result<Answer> {
    let query = &call.query;
    let is_encoded = is_url_encoded(query.text("encoding-type"))?;
    let shown = |text: &str| {
        if is_encoded {
            encoded_key(text)
        } else {
            text.to_owned()
        }
    };
    let limit = usize::try_from(most).unwrap_or(usize::MAX);
    let is_truncated = found.len() > limit && limit > 0;
    found.truncate(limit);
    for entry in found.iter_mut().filter(|entry| entry.is_prefix) {
        entry.name.push_str(page.delimiter);
    }
    let count = found.len();
    let next = found
        .last()
        .filter(|_| is_truncated)
        .map(|last| last.name.clone());
    let (prefixes, contents): (Vec<Entry>, Vec<Entry>) = found.into_iter().partition(|entry| entry.is_prefix);
    Ok(Answer {
        namespace: NAMESPACE,
        name: page.bucket.to_owned(),
        prefix: shown(page.prefix),
        delimiter: query.text("delimiter").map(shown),
        marker: (!is_second).then(|| shown(page.after)),
        start_after: query.text("start-after").filter(|_| is_second).map(shown),
        token: query
            .text("continuation-token")
            .filter(|_| is_second)
            .map(str::to_owned),
        next_marker: next.as_deref().filter(|_| !is_second).map(shown),
        next_token: next.as_deref().filter(|_| is_second).map(write_token),
        count: is_second.then_some(count),
        most,
        encoding: is_encoded.then_some("url"),
        is_truncated,
        contents: contents
            .into_iter()
            .map(|entry| Content {
                key: shown(&entry.name),
                modified: time(entry.modified),
                etag: entry.etag,
                size: entry.size,
                class: "STANDARD",
            })
            .collect(),
        prefixes: prefixes
            .into_iter()
            .map(|entry| Prefix {
                prefix: shown(&entry.name),
            })
            .collect(),
    })
}

/// `encoding-type`, of which there is one.
pub(super) fn is_url_encoded(kind: Option<&str>) -> Result<bool> {
    match kind {
        None => Ok(false),
        Some("url") => Ok(true),
        Some(_) => Err(Fault::InvalidArgument("encoding-type").into()),
    }
}

fn write_token(last: &str) -> String {
    BASE64.encode(format!("l:{last}").as_bytes())
}

fn read_token(token: &str) -> Result<String> {
    BASE64
        .decode(token.as_bytes())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.strip_prefix("l:").map(str::to_owned))
        .ok_or_else(|| Fault::InvalidArgument("continuation-token").into())
}
