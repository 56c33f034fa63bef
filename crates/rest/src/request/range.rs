//! Which rows of the root level: `Range`, `limit` and `offset` (rest.md section 9).

use axum::http::header::RANGE;
use axum::http::{HeaderMap, Method};
use ferrobase_query::QueryString;

use crate::error::{RangeError, RestError};

/// A run of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    /// Rows before it.
    pub offset: i64,
    /// Most rows; `None` = all.
    pub limit: Option<i64>,
}

impl Range {
    /// What header and query together ask for. They must have rows in common, unless `limit=0` wants none.
    pub(super) fn read(query: &QueryString, headers: &HeaderMap, method: &Method) -> Result<Self, RestError> {
        if query
            .ranges
            .iter()
            .any(|range| range.what.limit.is_some_and(|limit| limit < 0))
        {
            return Err(RestError::Range(RangeError::NegativeLimit));
        }
        let written = query
            .ranges
            .iter()
            .find(|range| range.path.is_empty())
            .map(|range| Self::from(range.what))
            .unwrap_or_default();
        if *method == Method::PUT && written != Self::default() {
            return Err(RestError::PutLimit);
        }
        if written.limit == Some(0) || *method != Method::GET {
            return Ok(written);
        }
        let common = written.within(header(headers)?);
        if common.limit == Some(0) {
            return Err(RestError::Range(RangeError::NegativeLimit));
        }
        Ok(common)
    }

    /// The rows that both have.
    fn within(self, other: Self) -> Self {
        let offset = self.offset.max(other.offset);
        let end = |range: Self| range.limit.map(|limit| range.offset.saturating_add(limit));
        let end = match (end(self), end(other)) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self {
            offset,
            limit: end.map(|end| (end - offset).max(0)),
        }
    }

    /// At most `most` rows.
    pub fn capped(self, most: Option<i64>) -> Self {
        let limit = match (self.limit, most) {
            (Some(limit), Some(most)) => Some(limit.min(most)),
            (limit, most) => limit.or(most),
        };
        Self { limit, ..self }
    }
}

impl From<ferrobase_query::Range> for Range {
    fn from(range: ferrobase_query::Range) -> Self {
        Self {
            offset: range.offset.unwrap_or_default().max(0),
            limit: range.limit.map(|limit| limit.max(0)),
        }
    }
}

/// `Range: 0-9`, `Range: 5-`, `Range: items=0-9`; anything else is ignored.
fn header(headers: &HeaderMap) -> Result<Range, RestError> {
    let text = headers.get(RANGE).and_then(|value| value.to_str().ok());
    let Some((first, last)) = text.and_then(|text| text.split_once('-')) else {
        return Ok(Range::default());
    };
    let (Ok(first), last) = (first.parse::<u32>(), last.parse::<u32>()) else {
        return Ok(Range::default());
    };
    let limit = match last {
        Ok(last) if last < first => return Err(RestError::Range(RangeError::Inverted)),
        Ok(last) => Some(i64::from(last) - i64::from(first) + 1),
        Err(_) if text.is_some_and(|text| text.ends_with('-')) => None,
        Err(_) => return Ok(Range::default()),
    };
    Ok(Range {
        offset: i64::from(first),
        limit,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(header: &str) -> Result<Range, RestError> {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, header.parse().unwrap());
        super::header(&headers)
    }

    #[test]
    fn the_header() {
        let range = |offset, limit| Range { offset, limit };
        assert_eq!(of("0-9").unwrap(), range(0, Some(10)));
        assert_eq!(of("5-").unwrap(), range(5, None));
        assert_eq!(of("nonsense").unwrap(), Range::default());
        assert_eq!(of("1-x").unwrap(), Range::default());
        assert!(matches!(of("3-1"), Err(RestError::Range(RangeError::Inverted))));
    }

    fn both(query: &str, header: &str, method: &Method) -> Result<Range, RestError> {
        let query = ferrobase_query::parse(query, ferrobase_query::Reading::Filters).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, header.parse().unwrap());
        Range::read(&query, &headers, method)
    }

    #[test]
    fn only_a_limit_of_zero_may_be_empty() {
        let range = |offset, limit| Range { offset, limit };
        let empty = |read| matches!(read, Err(RestError::Range(RangeError::NegativeLimit)));
        assert!(empty(both("offset=5", "0-3", &Method::GET)));
        assert!(empty(both("limit=3", "3-", &Method::GET)));
        assert_eq!(both("offset=3", "0-3", &Method::GET).unwrap(), range(3, Some(1)));
        assert_eq!(both("limit=0", "4-3", &Method::GET).unwrap(), range(0, Some(0)));
        assert_eq!(both("offset=5", "0-3", &Method::HEAD).unwrap(), range(5, None));
    }

    #[test]
    fn put_has_no_range() {
        for query in ["limit=1", "offset=1", "limit=0"] {
            assert!(
                matches!(both(query, "0-3", &Method::PUT), Err(RestError::PutLimit)),
                "{query}"
            );
        }
        assert_eq!(both("offset=0", "0-3", &Method::PUT).unwrap(), Range::default());
    }

    #[test]
    fn header_and_query_intersect() {
        let range = |offset, limit| Range { offset, limit };
        assert_eq!(range(2, Some(5)).within(range(0, Some(4))), range(2, Some(2)));
        assert_eq!(range(5, Some(5)).within(range(0, Some(4))), range(5, Some(0)));
        assert_eq!(range(0, None).within(range(3, None)), range(3, None));
        assert_eq!(range(0, Some(9)).capped(Some(2)), range(0, Some(2)));
    }
}
