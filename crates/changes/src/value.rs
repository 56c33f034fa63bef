//! Values as the stream prints them: as JSON (what `to_jsonb` makes of them), and how they compare.

use std::cmp::Ordering;

/// How a type's values look and compare. A domain is what it is based on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `bool`
    Bool,
    /// `int2`, `int4`, `int8`
    Integer,
    /// `float4`, `float8`
    Float,
    /// `numeric`
    Numeric,
    /// `json`, `jsonb`
    Json,
    /// `timestamp`, and `timestamptz` when it has a zone.
    Timestamp {
        /// It has a zone.
        has_zone: bool,
    },
    /// `date`, `time`, `uuid`: their text compares as they do.
    Ordered,
    /// `text`, `varchar`, `name`: equal when their bytes are, ordered by a collation.
    Text,
    /// Equal when their texts are: enumerations, `bytea`, addresses.
    Exact,
    /// `bytea`
    Bytes,
    /// An array; its members' kind and what separates them.
    Array(Box<Kind>, char),
    /// What only PostgreSQL can compare.
    Other,
}

impl Kind {
    /// The kind of a built-in type that is neither array nor domain; `is_enum` for enumerations.
    pub fn of(oid: u32, is_enum: bool) -> Self {
        match oid {
            16 => Self::Bool,
            20 | 21 | 23 => Self::Integer,
            700 | 701 => Self::Float,
            1700 => Self::Numeric,
            114 | 3802 => Self::Json,
            1114 => Self::Timestamp { has_zone: false },
            1184 => Self::Timestamp { has_zone: true },
            1082 | 1083 | 2950 => Self::Ordered,
            25 | 1043 | 19 => Self::Text,
            17 => Self::Bytes,
            // "char", oid, inet, cidr, macaddr, macaddr8
            18 | 26 | 869 | 650 | 829 | 774 => Self::Exact,
            _ if is_enum => Self::Exact,
            _ => Self::Other,
        }
    }

    /// Whether two values are equal when their texts are, and only then.
    pub fn is_exact(&self) -> bool {
        matches!(
            self,
            Self::Bool
                | Self::Integer
                | Self::Timestamp { .. }
                | Self::Ordered
                | Self::Text
                | Self::Exact
                | Self::Bytes
        )
    }

    /// Whether [`Self::compare`] knows which of two values is greater.
    pub fn is_ordered(&self) -> bool {
        matches!(
            self,
            Self::Bool | Self::Integer | Self::Float | Self::Numeric | Self::Timestamp { .. } | Self::Ordered
        )
    }

    /// Compares two values; `None` when this kind cannot.
    pub fn compare(&self, left: &str, right: &str) -> Option<Ordering> {
        match self {
            Self::Bool => Some(left.cmp(right)),
            Self::Integer => Some(left.parse::<i64>().ok()?.cmp(&right.parse().ok()?)),
            Self::Float => {
                let (left, right) = (left.parse::<f64>().ok()?, right.parse::<f64>().ok()?);
                // To PostgreSQL NaN equals itself and is greater than everything.
                Some(match (left.is_nan(), right.is_nan()) {
                    (false, false) => left.partial_cmp(&right)?,
                    (left, right) => left.cmp(&right),
                })
            }
            Self::Numeric => Some(Decimal::of(left)?.cmp(&Decimal::of(right)?)),
            Self::Timestamp { .. } | Self::Ordered => Some(moment(left).cmp(&moment(right))),
            Self::Text | Self::Exact | Self::Bytes => (left == right).then_some(Ordering::Equal),
            Self::Json | Self::Array(..) | Self::Other => None,
        }
    }

    /// Appends a value as JSON.
    pub fn json(&self, text: &str, out: &mut String) {
        match self {
            Self::Bool => out.push_str(if text == "t" { "true" } else { "false" }),
            Self::Integer | Self::Float | Self::Numeric if is_number(text) => out.push_str(text),
            Self::Json => out.push_str(text),
            Self::Timestamp { has_zone } => quoted(&iso(text, *has_zone), out),
            Self::Bytes => quoted(text.strip_prefix("\\x").unwrap_or(text), out),
            Self::Array(member, separator) => array(member, *separator, text, out),
            _ => quoted(text, out),
        }
    }
}

/// Not `NaN` and not `Infinity`.
fn is_number(text: &str) -> bool {
    text.bytes().last().is_some_and(|byte| byte.is_ascii_digit())
}

/// Appends a JSON string.
pub fn quoted(text: &str, out: &mut String) {
    match serde_json::to_string(text) {
        Ok(text) => out.push_str(&text),
        Err(_) => unreachable!("a text is always JSON"),
    }
}

/// `2024-05-06 07:08:09+00` with `T`, and minutes in the zone.
fn iso(text: &str, has_zone: bool) -> String {
    let mut text = text.replacen(' ', "T", 1);
    if has_zone {
        let end = text.find(" BC").unwrap_or(text.len());
        let zone = text[..end].rfind(['+', '-']);
        if zone.is_some_and(|zone| end - zone == 3 && text[..end].contains('T')) {
            text.insert_str(end, ":00");
        }
    }
    text
}

/// A moment's place among others: infinities, years before Christ, years of more than four digits.
fn moment(text: &str) -> (i8, i64, String) {
    match text {
        "infinity" => return (2, 0, String::new()),
        "-infinity" => return (-2, 0, String::new()),
        _ => {}
    }
    let is_before = text.ends_with(" BC");
    let text = text.trim_end_matches(" BC").trim_end_matches("+00");
    match text.split_once('-') {
        Some((year, rest))
            if year.len() >= 4 && year.bytes().all(|byte| byte.is_ascii_digit()) && year.len() < 8 =>
        {
            let year = year.parse().unwrap_or(0);
            (0, if is_before { -year } else { year }, rest.to_owned())
        }
        _ => (0, 0, text.to_owned()),
    }
}

/// A decimal number as its digits.
#[derive(Debug, PartialEq, Eq)]
struct Decimal<'a> {
    /// -2 and 2 are infinities, 3 is NaN.
    sign: i8,
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let special = |sign| Self {
            sign,
            whole: "",
            fraction: "",
        };
        match text {
            "NaN" => return Some(special(3)),
            "Infinity" => return Some(special(2)),
            "-Infinity" => return Some(special(-2)),
            _ => {}
        }
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if digits.is_empty() || !are_digits(whole) || !are_digits(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let is_zero = whole.is_empty() && fraction.is_empty();
        Some(Self {
            sign: if is_zero { 0 } else { sign },
            whole,
            fraction,
        })
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = || {
            (self.whole.len(), self.whole, self.fraction).cmp(&(
                other.whole.len(),
                other.whole,
                other.fraction,
            ))
        };
        self.sign.cmp(&other.sign).then_with(|| match self.sign {
            1 => size(),
            -1 => size().reverse(),
            _ => Ordering::Equal,
        })
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Appends an array, whose text is `{a,"b c",NULL,{…}}`, perhaps with its bounds before.
fn array(member: &Kind, separator: char, text: &str, out: &mut String) {
    let text = match text.split_once('=') {
        Some((bounds, rest)) if bounds.starts_with('[') => rest,
        _ => text,
    };
    let mut chars = text.chars().peekable();
    let mut needs_comma = false;
    while let Some(char) = chars.next() {
        match char {
            '{' => {
                if needs_comma {
                    out.push(',');
                }
                out.push('[');
                needs_comma = false;
            }
            '}' => {
                out.push(']');
                needs_comma = true;
            }
            _ if char == separator => {}
            _ => {
                if needs_comma {
                    out.push(',');
                }
                needs_comma = true;
                let mut value = String::new();
                if char == '"' {
                    while let Some(char) = chars.next() {
                        match char {
                            '"' => break,
                            '\\' => value.extend(chars.next()),
                            _ => value.push(char),
                        }
                    }
                    member.json(&value, out);
                } else {
                    value.push(char);
                    while let Some(char) = chars.next_if(|char| *char != separator && *char != '}') {
                        value.push(char);
                    }
                    if value == "NULL" {
                        out.push_str("null");
                    } else {
                        member.json(&value, out);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(kind: &Kind, text: &str) -> String {
        let mut out = String::new();
        kind.json(text, &mut out);
        out
    }

    #[test]
    fn values_as_json() {
        let zoned = Kind::Timestamp { has_zone: true };
        for (kind, text, wanted) in [
            (&Kind::Bool, "t", "true"),
            (&Kind::Integer, "-9007199254740993", "-9007199254740993"),
            (&Kind::Numeric, "1.50", "1.50"),
            (&Kind::Numeric, "NaN", "\"NaN\""),
            (&Kind::Float, "-Infinity", "\"-Infinity\""),
            (&Kind::Float, "1e+20", "1e+20"),
            (&Kind::Json, "{\"a\": 1}", "{\"a\": 1}"),
            (
                &zoned,
                "2024-05-06 07:08:09.123456+00",
                "\"2024-05-06T07:08:09.123456+00:00\"",
            ),
            (&zoned, "infinity", "\"infinity\""),
            (
                &Kind::Timestamp { has_zone: false },
                "2024-05-06 07:08:09",
                "\"2024-05-06T07:08:09\"",
            ),
            (&Kind::Bytes, "\\x0102ff", "\"0102ff\""),
            (&Kind::Other, "a\"b", "\"a\\\"b\""),
        ] {
            assert_eq!(json(kind, text), wanted);
        }
        let integers = Kind::Array(Box::new(Kind::Integer), ',');
        assert_eq!(json(&integers, "{1,NULL,3}"), "[1,null,3]");
        assert_eq!(json(&integers, "{}"), "[]");
        assert_eq!(json(&integers, "[0:1]={1,2}"), "[1,2]");
        assert_eq!(json(&integers, "{{1,2},{3,4}}"), "[[1,2],[3,4]]");
        let texts = Kind::Array(Box::new(Kind::Text), ',');
        assert_eq!(
            json(&texts, r#"{a,"b, \"c\"","NULL",NULL,""}"#),
            r#"["a","b, \"c\"","NULL",null,""]"#
        );
    }

    #[test]
    fn comparisons() {
        let zoned = Kind::Timestamp { has_zone: true };
        for (kind, smaller, greater) in [
            (&Kind::Bool, "f", "t"),
            (&Kind::Integer, "-10", "9"),
            (&Kind::Float, "1e300", "Infinity"),
            (&Kind::Float, "Infinity", "NaN"),
            (&Kind::Numeric, "-2.5", "-2.4"),
            (&Kind::Numeric, "0.09", "0.1"),
            (
                &Kind::Numeric,
                "99999999999999999999",
                "100000000000000000000.0001",
            ),
            (&Kind::Numeric, "Infinity", "NaN"),
            (&zoned, "2024-05-06 07:08:09+00", "2024-05-06 07:08:09.5+00"),
            (&zoned, "0044-03-15 00:00:00+00 BC", "0001-01-01 00:00:00+00"),
            (&zoned, "9999-01-01 00:00:00+00", "10000-01-01 00:00:00+00"),
            (&zoned, "10000-01-01 00:00:00+00", "infinity"),
            (
                &Kind::Ordered,
                "00000000-0000-0000-0000-000000000009",
                "00000000-0000-0000-0000-00000000000a",
            ),
        ] {
            assert_eq!(kind.compare(smaller, greater), Some(Ordering::Less), "{smaller}");
            assert_eq!(
                kind.compare(greater, smaller),
                Some(Ordering::Greater),
                "{smaller}"
            );
        }
        assert_eq!(Kind::Numeric.compare("1.0", "1.00"), Some(Ordering::Equal));
        assert_eq!(Kind::Numeric.compare("-0.0", "0"), Some(Ordering::Equal));
        assert_eq!(Kind::Text.compare("a", "b"), None);
    }
}
