//! Points and lengths of time as XML Schema writes them.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Result, SamlError};
use crate::model::user::Time;

/// An `xs:dateTime`. SAML's are in UTC (core 1.3.3); one without a zone is read so.
pub(super) fn time(text: &str) -> Result<Time> {
    let parsed =
        DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc3339(&format!("{text}Z")));
    parsed
        .map(|time| time.with_timezone(&Utc))
        .map_err(|_| SamlError::Malformed("not a time"))
}

/// How SAML writes a time.
pub(super) fn format(time: Time) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// An `xs:duration`, years of 365 days and months of 30. `None` = not one, or one that is too long to be added to a time.
pub(super) fn duration(text: &str) -> Option<TimeDelta> {
    let rest = text.strip_prefix('P')?;
    let (date, clock) = rest.split_once('T').unwrap_or((rest, ""));
    if rest.is_empty() || rest.ends_with('T') {
        return None;
    }
    let seconds = sum(date, &[('Y', 31_536_000), ('M', 2_592_000), ('D', 86_400)])?
        .checked_add(sum(clock, &[('H', 3600), ('M', 60), ('S', 1)])?)?;
    // A century is for ever.
    (seconds <= 3_153_600_000).then(|| TimeDelta::seconds(seconds))
}

fn sum(text: &str, units: &[(char, i64)]) -> Option<i64> {
    let (mut rest, mut total) = (text, 0_i64);
    for (unit, seconds) in units {
        let Some((number, after)) = rest.split_once(*unit) else {
            continue;
        };
        let whole = number.split('.').next()?;
        total = total.checked_add(whole.parse::<u32>().ok().map(i64::from)?.checked_mul(*seconds)?)?;
        rest = after;
    }
    rest.is_empty().then_some(total)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, seconds) in [
            ("PT1H", 3600),
            ("P1DT2H3M4.5S", 93_784),
            ("P1Y", 31_536_000),
            ("PT604800S", 604_800),
            ("P1M", 2_592_000),
            ("PT1M", 60),
        ] {
            assert_eq!(duration(text), Some(TimeDelta::seconds(seconds)), "{text}");
        }
        for bad in [
            "", "P", "PT", "1D", "P1", "P1H", "-P1D", "PT1D", "P-1D", "P999999Y", "PT1S1M",
        ] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn times() {
        let noon = time("2026-01-02T12:00:00Z").unwrap();
        assert_eq!(time("2026-01-02T12:00:00").unwrap(), noon);
        assert_eq!(time("2026-01-02T13:00:00.000+01:00").unwrap(), noon);
        assert_eq!(format(noon), "2026-01-02T12:00:00.000Z");
        assert!(time("yesterday").is_err());
    }
}
