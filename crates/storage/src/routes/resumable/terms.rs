//! What an upload is begun with: `Upload-Metadata`, and what the bucket takes.

use http::HeaderMap;

use super::{METADATA, Refusal, refuse, user_metadata};
use crate::ask::Target;
use crate::error::{Result, StorageError};
use crate::model::{rules, tus};
use crate::state::State;
use crate::store::buckets;

/// Files of this name keep an empty folder alive; they are empty themselves and of no type.
const PLACEHOLDER: &str = ".emptyFolderPlaceholder";

/// What `Upload-Metadata` says.
pub(super) struct Wanted {
    pub target: Target,
    pub header: String,
    pub mime: String,
    pub cache_control: String,
    pub user_metadata: Option<serde_json::Value>,
}

pub(super) fn read(headers: &HeaderMap) -> std::result::Result<Wanted, Refusal> {
    let Some(header) = headers.get(METADATA).and_then(|value| value.to_str().ok()) else {
        return refuse(400, "Metadata header is required");
    };
    let Some(mut pairs) = tus::parse_metadata(header) else {
        return refuse(400, "Invalid upload-metadata");
    };
    let target = Target {
        bucket: pairs.remove("bucketName").unwrap_or_default(),
        key: pairs.remove("objectName").unwrap_or_default(),
    };
    target.check()?;
    let mime = pairs
        .remove("contentType")
        .filter(|mime| !mime.is_empty())
        .unwrap_or_else(|| "application/octet-stream".to_owned());
    if !rules::is_media_type(&mime) {
        return Err(StorageError::InvalidMimeType(mime).into());
    }
    let seconds = pairs.remove("cacheControl").unwrap_or_default();
    let is_number = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
    Ok(Wanted {
        target,
        header: header.to_owned(),
        mime,
        cache_control: if is_number {
            format!("max-age={seconds}")
        } else {
            "no-cache".to_owned()
        },
        user_metadata: pairs.remove("metadata").and_then(|text| user_metadata(&text)),
    })
}

/// Most bytes that the bucket takes of such an object. Unlike a plain upload's, a limit of 0 is none.
pub(super) async fn limit(state: &State, target: &Target, mime: &str) -> Result<u64> {
    let bucket = buckets::find(&state.pool.reads(), &target.bucket).await?;
    if target.key.ends_with(PLACEHOLDER) {
        return Ok(0);
    }
    rules::check_mime(&bucket.allowed_mime_types, mime)?;
    let own = bucket.file_size_limit.and_then(|limit| u64::try_from(limit).ok());
    let own = own.filter(|limit| *limit > 0).unwrap_or(u64::MAX);
    Ok(own.min(state.config.file_size_limit))
}
