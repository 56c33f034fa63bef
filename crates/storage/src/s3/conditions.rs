//! Conditions that end with 412: of a read, of a copy's source.

use chrono::DateTime;
use http::HeaderMap;

use crate::error::Result;
use crate::s3::fault::Fault;
use crate::store::objects::Object;

/// Checks `If-Match` and `If-Unmodified-Since`; those of `If-None-Match` are a 304 and the reader's.
pub fn check_read(headers: &HeaderMap, object: &Object) -> Result<()> {
    check(headers, "if-match", "if-unmodified-since", object)
}

/// Checks the four conditions of a copy's source.
pub fn check_source(headers: &HeaderMap, object: &Object) -> Result<()> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    check(
        headers,
        "x-amz-copy-source-if-match",
        "x-amz-copy-source-if-unmodified-since",
        object,
    )?;
    let is_same = match text("x-amz-copy-source-if-none-match") {
        Some(tags) => has(tags, &object.etag()),
        None => text("x-amz-copy-source-if-modified-since")
            .and_then(date)
            .is_some_and(|since| object.modified().timestamp() <= since),
    };
    if is_same {
        return Err(Fault::Precondition.into());
    }
    Ok(())
}

fn check(headers: &HeaderMap, matches: &str, unmodified: &str, object: &Object) -> Result<()> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let holds = match text(matches) {
        Some(tags) => has(tags, &object.etag()),
        None => text(unmodified)
            .and_then(date)
            .is_none_or(|since| object.modified().timestamp() <= since),
    };
    if holds {
        Ok(())
    } else {
        Err(Fault::Precondition.into())
    }
}

/// Clients send tags with and without quotes.
fn has(tags: &str, etag: &str) -> bool {
    tags.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_matches('"') == etag.trim_matches('"'))
}

fn date(text: &str) -> Option<i64> {
    let date = DateTime::parse_from_rfc2822(text).or_else(|_| DateTime::parse_from_rfc3339(text));
    date.ok().map(|date| date.timestamp())
}
