//! The texts of the resumable protocol (§13, TUS 1.0.0): the id of an upload in its URL, and `Upload-Metadata`.

use std::collections::HashMap;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use uuid::Uuid;

/// The id in an upload's URL: `bucket/key/version` in base64url, as the original's.
pub fn id(bucket: &str, key: &str, version: Uuid) -> String {
    BASE64URL_NOPAD.encode(format!("{bucket}/{key}/{version}").as_bytes())
}

/// Bucket, key and version of an id; `None` for what is none.
pub fn parse_id(id: &str) -> Option<(String, String, Uuid)> {
    let bytes = BASE64URL_NOPAD.decode(id.trim_end_matches('=').as_bytes()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (object, version) = text.rsplit_once('/')?;
    let (bucket, key) = object.split_once('/')?;
    Some((bucket.to_owned(), key.to_owned(), Uuid::parse_str(version).ok()?))
}

/// The pairs of `Upload-Metadata`: `key base64,key base64,key`. `None` for what is none.
pub fn parse_metadata(header: &str) -> Option<HashMap<&str, String>> {
    header
        .split(',')
        .map(|pair| {
            let pair = pair.trim();
            let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
            let value = BASE64.decode(value.as_bytes()).ok()?;
            let is_key = !key.is_empty() && key.is_ascii();
            Some((key, String::from_utf8(value).ok()?)).filter(|_| is_key)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        let version = Uuid::from_u128(7);
        let text = id("b", "a/b c.txt", version);
        assert_eq!(
            parse_id(&text),
            Some(("b".to_owned(), "a/b c.txt".to_owned(), version))
        );
        for wrong in ["", "sign", "!", "Yg", &BASE64URL_NOPAD.encode(b"b/k/no-version")] {
            assert_eq!(parse_id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn metadata() {
        let pairs = parse_metadata("bucketName Yg==,objectName YS9i, empty").unwrap_or_default();
        assert_eq!(pairs["bucketName"], "b");
        assert_eq!(pairs["objectName"], "a/b");
        assert_eq!(pairs["empty"], "");
        for wrong in ["", ",", "a !", "a YQ", "a YQ==,", "a b c", "a /w=="] {
            assert_eq!(parse_metadata(wrong), None, "{wrong}");
        }
    }
}
