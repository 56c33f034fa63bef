//! Pages of the administrators' lists (auth.md 15.1).

use url::form_urlencoded::Serializer;

use crate::error::{AuthError, Result};

/// Rows on a page when the client does not say.
const USUAL: u64 = 50;

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: u64,
    /// Rows on a page.
    pub size: u64,
}

impl Page {
    /// Reads `page` and `per_page`; empty equals absent, page 0 is the first.
    pub fn parse(page: Option<&str>, per_page: Option<&str>) -> Result<Self> {
        let size = number(per_page)?.unwrap_or(USUAL);
        if size == 0 {
            return Err(bad("per_page must be at least 1"));
        }
        Ok(Self {
            number: number(page)?.unwrap_or(1).max(1),
            size,
        })
    }

    /// Rows to take.
    pub fn limit(self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX)
    }

    /// Rows to pass over.
    pub fn offset(self) -> i64 {
        i64::try_from((self.number - 1).saturating_mul(self.size)).unwrap_or(i64::MAX)
    }

    /// The `Link` header of a list of `total` rows. The official client wants `page` as the first parameter and no comma
    /// but the one between the links; `further` are the other parameters of the request.
    pub fn link(self, path: &str, further: &[(&str, &str)], total: u64) -> String {
        let last = total.div_ceil(self.size).max(1);
        let link = |number: u64, rel: &str| {
            let mut query = Serializer::new(String::new());
            query
                .append_pair("page", &number.to_string())
                .append_pair("per_page", &self.size.to_string())
                .extend_pairs(further);
            format!("<{path}?{}>; rel=\"{rel}\"", query.finish())
        };
        if self.number < last {
            format!("{}, {}", link(self.number + 1, "next"), link(last, "last"))
        } else {
            link(last, "last")
        }
    }
}

fn number(text: Option<&str>) -> Result<Option<u64>> {
    match text.filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text
            .parse()
            .map(Some)
            .map_err(|_| bad(&format!("parsing {text:?}: value out of range"))),
        Some(text) => Err(bad(&format!("parsing {text:?}: invalid syntax"))),
    }
}

fn bad(why: &str) -> AuthError {
    AuthError::validation(format!("Bad Pagination Parameters: {why}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        let parse = |page, per_page| Page::parse(Some(page), Some(per_page));
        assert_eq!(Page::parse(None, None).unwrap(), Page { number: 1, size: 50 });
        assert_eq!(parse("", "").unwrap(), Page { number: 1, size: 50 });
        assert_eq!(parse("0", "7").unwrap(), Page { number: 1, size: 7 });
        for (page, per_page) in [
            ("x", ""),
            ("-1", ""),
            ("+1", ""),
            ("", "0"),
            ("99999999999999999999", ""),
        ] {
            let error = parse(page, per_page).unwrap_err();
            assert!(error.public_message().starts_with("Bad Pagination Parameters: "));
        }
    }

    #[test]
    fn far_pages_stay_within_what_the_database_can_count() {
        let huge = u64::MAX.to_string();
        let page = Page::parse(Some(&huge), Some(&huge)).unwrap();
        assert_eq!((page.limit(), page.offset()), (i64::MAX, i64::MAX));
    }

    #[test]
    fn links() {
        let page = |number| Page { number, size: 10 };
        assert_eq!(
            page(1).link("/admin/users", &[("filter", "a,b")], 25),
            "</admin/users?page=2&per_page=10&filter=a%2Cb>; rel=\"next\", </admin/users?page=3&per_page=10&filter=a%2Cb>; rel=\"last\""
        );
        assert_eq!(
            page(3).link("/x", &[], 25),
            "</x?page=3&per_page=10>; rel=\"last\""
        );
        assert_eq!(
            page(9).link("/x", &[], 0),
            "</x?page=1&per_page=10>; rel=\"last\""
        );
    }
}
