//! What a bucket takes, as requests say it.

use serde_json::Value;

use crate::config::StorageConfig;
use crate::error::{Result, StorageError};
use crate::fields::Fields;
use crate::model::rules;

/// The field `file_size_limit`; the outer `None` when it is not there, the inner one for no limit.
pub(super) fn size_limit(fields: &Fields, config: &StorageConfig) -> Result<Option<Option<i64>>> {
    let value = match fields.get("file_size_limit") {
        None => return Ok(None),
        Some(Value::Null) => return Ok(Some(None)),
        Some(value) => value,
    };
    if let Value::Number(_) = value {
        fields.integer("file_size_limit", 0)?;
    }
    let limit = rules::parse_limit(value).ok_or_else(|| {
        StorageError::InvalidRequest(
            "Invalid file_size_limit: a number of bytes, or a text such as 10MB".to_owned(),
        )
    })?;
    if u64::try_from(limit).unwrap_or_default() > config.file_size_limit {
        return Err(StorageError::TooLarge);
    }
    Ok(Some(Some(limit)))
}

/// The field `allowed_mime_types`; the outer `None` when it is not there, the inner one for all types.
pub(super) fn mime_types(fields: &Fields) -> Result<Option<Option<Vec<String>>>> {
    if !fields.has_any(&["allowed_mime_types"]) {
        return Ok(None);
    }
    let Some(mut types) = fields.texts("allowed_mime_types")? else {
        return Ok(Some(None));
    };
    types.retain(|mime| !mime.is_empty());
    match types.iter().find(|mime| !rules::is_mime_pattern(mime)) {
        Some(wrong) => Err(StorageError::InvalidMimeType(wrong.clone())),
        None => Ok(Some(Some(types))),
    }
}
