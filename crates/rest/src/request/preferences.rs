//! `Prefer` (rest.md section 10, RFC 7240).

use axum::http::HeaderMap;

use crate::error::RestError;

/// What of a write comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// Nothing.
    Minimal,
    /// Where the row is.
    HeadersOnly,
    /// The rows.
    Representation,
}

/// How rows are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// One by one.
    Exact,
    /// As the planner thinks.
    Planned,
    /// One by one up to a bound, then as the planner thinks.
    Estimated,
}

/// What an insert does with rows that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Overwrites them.
    MergeDuplicates,
    /// Leaves them.
    IgnoreDuplicates,
}

/// What keys that a row lacks become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The column's default.
    Default,
    /// Null.
    Null,
}

/// What unknown preferences do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// They are an error.
    Strict,
    /// They are ignored.
    Lenient,
}

/// How the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transaction {
    /// It lasts.
    Commit,
    /// It is undone.
    Rollback,
}

/// All preferences of a request; the first of a kind counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preferences {
    /// `resolution`
    pub resolution: Option<Resolution>,
    /// `missing`
    pub missing: Option<Missing>,
    /// `return`
    pub returns: Option<Return>,
    /// `count`
    pub count: Option<Count>,
    /// `tx`, where the settings let the request decide.
    pub transaction: Option<Transaction>,
    /// `handling`
    pub handling: Option<Handling>,
    /// `timezone`
    pub timezone: Option<String>,
    /// `max-affected`
    pub max_affected: Option<i64>,
    /// Those that do not exist.
    pub unknown: Vec<String>,
}

impl Preferences {
    pub(super) fn read(headers: &HeaderMap, tx_is_allowed: bool) -> Self {
        let mut preferences = Self::default();
        for header in headers.get_all("prefer") {
            let header = String::from_utf8_lossy(header.as_bytes());
            for preference in header.split(',').map(str::trim) {
                if !preferences.take(preference, tx_is_allowed) {
                    preferences.unknown.push(preference.to_owned());
                }
            }
        }
        preferences
    }

    /// Whether the preference exists.
    fn take(&mut self, preference: &str, tx_is_allowed: bool) -> bool {
        match preference {
            "resolution=merge-duplicates" => first(&mut self.resolution, Resolution::MergeDuplicates),
            "resolution=ignore-duplicates" => first(&mut self.resolution, Resolution::IgnoreDuplicates),
            "missing=default" => first(&mut self.missing, Missing::Default),
            "missing=null" => first(&mut self.missing, Missing::Null),
            "return=minimal" => first(&mut self.returns, Return::Minimal),
            "return=headers-only" => first(&mut self.returns, Return::HeadersOnly),
            "return=representation" => first(&mut self.returns, Return::Representation),
            "count=exact" => first(&mut self.count, Count::Exact),
            "count=planned" => first(&mut self.count, Count::Planned),
            "count=estimated" => first(&mut self.count, Count::Estimated),
            "handling=strict" => first(&mut self.handling, Handling::Strict),
            "handling=lenient" => first(&mut self.handling, Handling::Lenient),
            "tx=commit" if tx_is_allowed => first(&mut self.transaction, Transaction::Commit),
            "tx=rollback" if tx_is_allowed => first(&mut self.transaction, Transaction::Rollback),
            "tx=commit" | "tx=rollback" => {}
            other => {
                if let Some(zone) = other.strip_prefix("timezone=") {
                    first(&mut self.timezone, zone.to_owned());
                } else if let Some(most) = other.strip_prefix("max-affected=") {
                    // What is no number is no bound, but the preference exists.
                    self.max_affected = self.max_affected.or(most.parse().ok());
                } else {
                    return false;
                }
            }
        }
        true
    }

    /// Unknown preferences are an error under `handling=strict`.
    pub(crate) fn check(&self) -> Result<(), RestError> {
        if self.is_strict() && !self.unknown.is_empty() {
            return Err(RestError::Preferences(self.unknown.clone()));
        }
        Ok(())
    }

    /// `handling=strict`
    pub fn is_strict(&self) -> bool {
        self.handling == Some(Handling::Strict)
    }

    /// Most rows that may be affected: only under `handling=strict`.
    pub fn most_affected(&self) -> Option<i64> {
        self.max_affected.filter(|_| self.is_strict())
    }

    /// Whether the rows of a write come back.
    pub fn wants_rows(&self) -> bool {
        self.returns == Some(Return::Representation)
    }
}

fn first<T>(slot: &mut Option<T>, value: T) {
    slot.get_or_insert(value);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Preferences {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("prefer", line.parse().unwrap());
        }
        Preferences::read(&headers, true)
    }

    #[test]
    fn the_first_of_a_kind_counts_over_several_headers() {
        let read = of(&[
            "return=minimal , count=exact",
            "return=representation,tx=rollback",
        ]);
        assert_eq!(read.returns, Some(Return::Minimal));
        assert_eq!(read.count, Some(Count::Exact));
        assert_eq!(read.transaction, Some(Transaction::Rollback));
        assert!(read.unknown.is_empty());
    }

    #[test]
    fn unknown_ones_are_an_error_only_under_strict_handling() {
        assert!(of(&["foo=bar, handling=lenient"]).check().is_ok());
        let read = of(&["foo=bar, handling=strict", "max-affected=2"]);
        assert!(matches!(read.check(), Err(RestError::Preferences(names)) if names == ["foo=bar"]));
        assert_eq!(read.most_affected(), Some(2));
        assert_eq!(of(&["max-affected=2"]).most_affected(), None);
        let read = of(&["handling=strict, max-affected=abc"]);
        assert!(read.check().is_ok());
        assert_eq!(read.most_affected(), None);
    }
}
