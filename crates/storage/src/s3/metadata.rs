//! The user's metadata as headers: `x-amz-meta-*`.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::error::{Result, StorageError};

const PREFIX: &str = "x-amz-meta-";
const MISSING: HeaderName = HeaderName::from_static("x-amz-missing-meta");

/// Most bytes of names and values.
const MOST: usize = 64 * 1024;

/// What a request sends; always an object.
pub fn sent(headers: &HeaderMap) -> Result<Value> {
    let (mut all, mut bytes) = (Map::new(), 0);
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix(PREFIX) else {
            continue;
        };
        bytes += name.len() + value.len();
        if bytes > MOST {
            return Err(StorageError::InvalidRequest("Too much metadata".to_owned()));
        }
        // Twice the same name: a list, as headers say lists.
        let value = String::from_utf8_lossy(value.as_bytes());
        match all.get_mut(name) {
            Some(Value::String(before)) => {
                before.push(',');
                before.push_str(&value);
            }
            _ => {
                all.insert(name.to_owned(), Value::String(value.into_owned()));
            }
        }
    }
    Ok(Value::Object(all))
}

/// Shows it. What no header can carry is counted.
pub fn show(metadata: Option<&Value>, headers: &mut HeaderMap) {
    let mut missing = 0_u32;
    for (name, value) in metadata.and_then(Value::as_object).into_iter().flatten() {
        let name = HeaderName::try_from(format!("{PREFIX}{}", name.to_ascii_lowercase()));
        let value = value
            .as_str()
            .filter(|value| value.is_ascii())
            .and_then(|value| HeaderValue::from_str(value).ok());
        match (name, value) {
            (Ok(name), Some(value)) => {
                headers.insert(name, value);
            }
            _ => missing += 1,
        }
    }
    if missing > 0 {
        headers.insert(MISSING, missing.into());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn there_and_back() {
        let mut headers = HeaderMap::new();
        headers.append("x-amz-meta-a", "1".parse().unwrap());
        headers.append("x-amz-meta-a", "2".parse().unwrap());
        headers.append("x-amz-metadata-directive", "COPY".parse().unwrap());
        assert_eq!(sent(&headers).unwrap(), json!({ "a": "1,2" }));
        let mut shown = HeaderMap::new();
        let stored = json!({ "K": "v", "n": 1, "e": "\u{e9}", "bad name": "x" });
        show(Some(&stored), &mut shown);
        assert_eq!(shown.get("x-amz-meta-k").unwrap(), "v");
        assert_eq!(shown.get(MISSING).unwrap(), "3");
        headers.append("x-amz-meta-b", "x".repeat(70_000).parse().unwrap());
        assert!(sent(&headers).is_err());
    }
}
