//! Ranges and conditions of a read (RFC 9110 §13, §14). The original answers single ranges only.

use chrono::{DateTime, Utc};
use http::HeaderMap;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};

use crate::error::{Result, StorageError};

/// First byte and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u64,
    /// Number of bytes.
    pub length: u64,
}

/// Most ranges of a request.
const MOST: usize = 32;

/// The parts that are asked for, at least one; `None` = all. Such that cannot be had are refused, and so are those that
/// together are longer than the whole: nobody but an attacker asks for them.
pub fn ranges(
    headers: &HeaderMap,
    size: u64,
    etag: &str,
    modified: DateTime<Utc>,
) -> Result<Option<Vec<Span>>> {
    let Some(value) = headers.get(RANGE).map(|value| value.to_str().unwrap_or_default()) else {
        return Ok(None);
    };
    if let Some(condition) = headers.get(IF_RANGE).and_then(|value| value.to_str().ok())
        && condition != etag
        && date(condition) != Some(modified.timestamp())
    {
        return Ok(None);
    }
    spans(value, size).map(Some).ok_or(StorageError::InvalidRange)
}

fn spans(value: &str, size: u64) -> Option<Vec<Span>> {
    let list = value.trim().strip_prefix("bytes=")?;
    if list.split(',').count() > MOST {
        return None;
    }
    // Those that begin behind the end are left out; only when no other is left there is nothing to answer.
    let spans: Vec<Span> = list
        .split(',')
        .map(|range| span(range, size))
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect();
    let total: u64 = spans.iter().map(|span| span.length).sum();
    (!spans.is_empty() && total <= size).then_some(spans)
}

/// One range; the outer `None` for one that makes no sense, the inner one for one outside of the content.
fn span(range: &str, size: u64) -> Option<Option<Span>> {
    let (first, last) = range.trim().split_once('-')?;
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<u64>().unwrap_or(u64::MAX))
    };
    let (start, end) = match (first, last) {
        ("", suffix) => (size.saturating_sub(number(suffix)?), size),
        (first, "") => (number(first)?, size),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            (first, last.saturating_add(1).min(size))
        }
    };
    Some((start < end).then(|| Span {
        start,
        length: end - start,
    }))
}

/// Whether the client has what it asks for already: a 304.
pub fn is_unchanged(headers: &HeaderMap, etag: &str, modified: DateTime<Utc>) -> bool {
    let mut tags = headers.get_all(IF_NONE_MATCH).iter().peekable();
    if tags.peek().is_some() {
        let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        return tags
            .filter_map(|value| value.to_str().ok())
            .flat_map(|list| list.split(','))
            .any(|tag| tag.trim() == "*" || weak(tag) == weak(etag));
    }
    headers
        .get(IF_MODIFIED_SINCE)
        .and_then(|value| date(value.to_str().ok()?))
        .is_some_and(|since| modified.timestamp() <= since)
}

fn date(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc2822(text)
        .ok()
        .map(|date| date.timestamp())
}

/// A time as headers write it.
pub fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_are_asked_for() {
        let of = |value, size| {
            spans(value, size).map(|spans| {
                spans
                    .iter()
                    .map(|span| (span.start, span.length))
                    .collect::<Vec<_>>()
            })
        };
        for (value, wanted) in [
            ("bytes=0-3", vec![(0, 4)]),
            ("bytes=5-", vec![(5, 5)]),
            ("bytes=-3", vec![(7, 3)]),
            ("bytes=-30", vec![(0, 10)]),
            ("bytes=8-100", vec![(8, 2)]),
            ("bytes=8-99999999999999999999", vec![(8, 2)]),
            ("bytes=0-1, 3-4", vec![(0, 2), (3, 2)]),
            ("bytes=5-6,0-0,20-", vec![(5, 2), (0, 1)]),
        ] {
            assert_eq!(of(value, 10), Some(wanted), "{value}");
        }
        for bad in [
            "bytes=10-",
            "bytes=3-1",
            "bytes=0-1,x",
            "bytes=0-,0-",
            "items=0-1",
            "bytes=-0",
            "bytes=-",
            "bytes=+1-2",
            "bytes=",
        ] {
            assert_eq!(of(bad, 10), None, "{bad}");
        }
        assert_eq!(of("bytes=0-", 0), None);
        let many = format!("bytes={}", ["0-0"; 33].join(","));
        assert_eq!(of(&many, 1000), None);
    }

    #[test]
    fn conditions() {
        let modified = DateTime::from_timestamp(1_700_000_000, 500_000_000).unwrap();
        let unchanged = |name: http::HeaderName, value: &str| {
            let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
            is_unchanged(&headers, "\"abc\"", modified)
        };
        assert!(unchanged(IF_NONE_MATCH, "\"x\", W/\"abc\""));
        assert!(unchanged(IF_NONE_MATCH, "*"));
        assert!(!unchanged(IF_NONE_MATCH, "\"x\""));
        assert!(unchanged(IF_MODIFIED_SINCE, &http_date(modified)));
        assert!(!unchanged(IF_MODIFIED_SINCE, "Mon, 01 Jan 2001 00:00:00 GMT"));
    }
}
