//! What a bucket takes: sizes and types (§3).

use serde_json::Value;

use crate::error::{Result, StorageError};

/// A size limit as the API takes it: bytes, or a text such as `10MB` in decimal units.
pub fn parse_limit(value: &Value) -> Option<i64> {
    if let Some(bytes) = value.as_i64() {
        return (bytes >= 0).then_some(bytes);
    }
    let text = value.as_str()?.to_ascii_lowercase();
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "gb" => 1e9,
        "mb" => 1e6,
        "kb" => 1e3,
        "b" => 1.0,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    // The original rounds to three significant digits before it multiplies.
    let rounded: f64 = format!("{:.2e}", number.parse::<f64>().ok()?).parse().ok()?;
    let bytes = (rounded * factor).floor();
    #[allow(clippy::cast_possible_truncation, reason = "a float cast saturates")]
    (bytes < 9e15).then_some(bytes as i64)
}

/// An entry of `allowed_mime_types`: `type/subtype[; charset=…]`, or anything that ends with `*`.
pub fn is_mime_pattern(text: &str) -> bool {
    if text.len() > 1000 {
        return false;
    }
    if text.ends_with('*') {
        return true;
    }
    let is_token = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-+.".contains(&byte))
    };
    let (essence, charset) = match text.split_once(';') {
        Some((essence, rest)) => (essence, rest.trim_start().strip_prefix("charset=")),
        None => (text, Some("a")),
    };
    essence
        .split_once('/')
        .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
        && charset.is_some_and(is_token)
}

/// Whether a text can be a `Content-Type`: `type/subtype`, whatever parameters follow.
pub fn is_media_type(text: &str) -> bool {
    let is_token = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    let essence = text.split(';').next().unwrap_or_default().trim();
    essence
        .split_once('/')
        .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

/// Whether a bucket takes a type. Nothing is stripped before the comparison.
pub fn check_mime(allowed: &[String], mime: &str) -> Result<()> {
    let (kind, subtype) = mime.split_once('/').unwrap_or((mime, ""));
    let matches = |pattern: &String| {
        pattern
            .split_once('/')
            .is_some_and(|(k, s)| k == kind && (s == subtype || s == "*"))
    };
    if allowed.is_empty() || allowed.iter().any(matches) {
        return Ok(());
    }
    Err(StorageError::InvalidMimeType(mime.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn limits_are_decimal_and_rounded() {
        for (given, bytes) in [
            (json!(5), Some(5)),
            (json!("1KB"), Some(1000)),
            (json!("1.2345mb"), Some(1_230_000)),
            (json!("12b"), Some(12)),
            (json!(-1), None),
            (json!("1 mb"), None),
            (json!("mb"), None),
            (json!("1tb"), None),
        ] {
            assert_eq!(parse_limit(&given), bytes, "{given}");
        }
    }

    #[test]
    fn types() {
        let allowed = |list: &[&str]| list.iter().map(|&entry| entry.to_owned()).collect::<Vec<_>>();
        assert!(check_mime(&allowed(&["image/*"]), "image/png").is_ok());
        assert!(check_mime(&allowed(&["text/plain"]), "text/plain;charset=utf-8").is_err());
        assert!(check_mime(&allowed(&["*"]), "text/plain").is_err());
        assert!(check_mime(&[], "text/plain").is_ok());
        assert!(is_media_type("text/plain; charset=x") && is_media_type("application/vnd.a+b"));
        assert!(!is_media_type("text") && !is_media_type("a b/c") && !is_media_type(""));
        for (pattern, is_one) in [
            ("image/*", true),
            ("*", true),
            ("text/plain; charset=utf-8", true),
            ("text", false),
            ("a b/c", false),
        ] {
            assert_eq!(is_mime_pattern(pattern), is_one, "{pattern}");
        }
    }
}
