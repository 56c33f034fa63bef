//! Durations and sizes as the original's files write them.

use std::time::Duration;

/// How many of something may happen: a bucket of `count`, into which one comes back every `refill` (auth.md 19.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many at once; 0 = none ever.
    pub count: u32,
    /// Time until one more.
    pub refill: Duration,
}

impl Rate {
    /// `count` in each hour.
    pub fn hourly(count: u32) -> Self {
        Self {
            count,
            refill: Duration::from_secs(3600) / count.max(1),
        }
    }
}

/// A number, which is meant per hour, or `count/duration`.
pub(crate) fn parse_rate(text: &str) -> Option<Rate> {
    let Some((count, refill)) = text.split_once('/') else {
        return text.trim().parse().ok().map(Rate::hourly);
    };
    let refill = parse_duration(refill.trim()).filter(|refill| !refill.is_zero())?;
    Some(Rate {
        count: count.trim().parse().ok()?,
        refill,
    })
}

/// Go's duration syntax (`1h30m`, `1.5s`, `300ms`); a bare number is seconds. Negative values are refused.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit_end = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let unit = match &rest[..unit_end] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        rest = &rest[unit_end..];
        total = total.checked_add(Duration::try_from_secs_f64(number * unit).ok()?)?;
    }
    Some(total)
}

/// `50MiB`, `5MB`, `500k`, `1024`: all units count in steps of 1024, as the Supabase CLI reads them.
pub(crate) fn parse_byte_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let power = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        _ => return None,
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(1024_u64.checked_pow(power)?);
    }
    let bytes = number.parse::<f64>().ok()? * 1024_f64.powi(i32::try_from(power).ok()?);
    // Fractions only make sense for small numbers; 2^53 bytes keeps the conversion exact.
    if bytes.is_finite() && (0.0..9_007_199_254_740_992.0).contains(&bytes) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        return Some(bytes as u64);
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        assert_eq!(parse_rate("30"), Some(Rate::hourly(30)));
        assert_eq!(Rate::hourly(30).refill, Duration::from_secs(120));
        let every = Rate {
            count: 5,
            refill: Duration::from_secs(90),
        };
        assert_eq!(parse_rate("5/1m30s"), Some(every));
        assert_eq!(parse_rate("0").map(|rate| rate.count), Some(0));
        for text in [
            "",
            "-1",
            "x",
            "5/",
            "/1m",
            "5/0s",
            "5/-1s",
            "5/1m/2",
            "4294967296",
        ] {
            assert_eq!(parse_rate(text), None, "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, millis) in [
            ("5s", 5000),
            ("1h30m", 5_400_000),
            ("300ms", 300),
            ("1m0s", 60_000),
            ("60", 60_000),
            ("1.5s", 1500),
            ("0s", 0),
            ("24h", 86_400_000),
        ] {
            assert_eq!(
                parse_duration(text),
                Some(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for text in ["", "h", "5 s", "-5s", "5d", "1h30", "abc", "1..5s"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("50MiB", 52_428_800),
            ("5MB", 5_242_880),
            ("500KB", 512_000),
            ("1024", 1024),
            ("1.5k", 1536),
            ("2 GiB", 2_147_483_648),
        ] {
            assert_eq!(parse_byte_size(text), Some(bytes), "{text}");
        }
        for text in ["", "MiB", "5 apples", "-1", "99999999999999999999TB"] {
            assert_eq!(parse_byte_size(text), None, "{text}");
        }
    }
}
