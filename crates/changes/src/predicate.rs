//! Conditions of filters as typed tests (§7.2). A test of null is false, whether or not it is negated; only `is` and
//! `isdistinct` know null.

use std::cmp::Ordering;

use ferrobase_replication::Value;

use crate::filter::{Condition, Operator, list};
use crate::table::Column;
use crate::value::Kind;

/// Most values of an `in`.
const MOST_VALUES: usize = 100;

/// A test of one column's value.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicate {
    /// Column.
    pub column: String,
    kind: Kind,
    is_negated: bool,
    test: Test,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Compare(Comparison, String),
    In(Vec<String>),
    Like { pattern: Vec<char>, folds: bool },
    Null,
    Bool(&'static str),
    Distinct(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The texts of a condition that have to be read as values of the column's type.
pub fn values(condition: &Condition, column: &Column) -> Result<Vec<String>, String> {
    let unsupported = || {
        let word = format!("{:?}", condition.operator).to_lowercase();
        Err(format!(
            "the filter operator {word} is not supported on column {} of type {}",
            column.name, column.type_name
        ))
    };
    match condition.operator {
        Operator::In => {
            let members = list(&condition.value)?;
            if members.len() > MOST_VALUES {
                return Err(format!("too many values for `in` filter. Maximum {MOST_VALUES}"));
            }
            if !column.kind.is_exact() && !column.kind.is_ordered() {
                return unsupported();
            }
            Ok(members.into_iter().flatten().collect())
        }
        Operator::Eq | Operator::Neq | Operator::IsDistinct => {
            if !column.kind.is_exact() && !column.kind.is_ordered() {
                return unsupported();
            }
            Ok(vec![condition.value.clone()])
        }
        Operator::Lt | Operator::Lte | Operator::Gt | Operator::Gte => {
            if !column.kind.is_ordered() {
                return unsupported();
            }
            Ok(vec![condition.value.clone()])
        }
        Operator::Like | Operator::Ilike if column.kind == Kind::Text => Ok(Vec::new()),
        Operator::Is => match condition.value.to_ascii_lowercase().as_str() {
            "null" => Ok(Vec::new()),
            "true" | "false" | "unknown" if column.kind == Kind::Bool => Ok(Vec::new()),
            "true" | "false" | "unknown" => Err(format!(
                "`is` true, false or unknown needs a boolean, not {}",
                column.name
            )),
            other => Err(format!("invalid value for `is` filter: {other}")),
        },
        Operator::Like | Operator::Ilike | Operator::Match | Operator::Imatch => unsupported(),
    }
}

impl Predicate {
    /// The test of a condition whose [`values`] are, as the stream prints them, these.
    pub fn new(condition: &Condition, column: &Column, mut values: Vec<String>) -> Self {
        let mut first = || {
            if values.is_empty() {
                String::new()
            } else {
                values.remove(0)
            }
        };
        let test = match condition.operator {
            Operator::Eq => Test::Compare(Comparison::Equal, first()),
            Operator::Neq => Test::Compare(Comparison::Unequal, first()),
            Operator::Lt => Test::Compare(Comparison::Less, first()),
            Operator::Lte => Test::Compare(Comparison::LessOrEqual, first()),
            Operator::Gt => Test::Compare(Comparison::Greater, first()),
            Operator::Gte => Test::Compare(Comparison::GreaterOrEqual, first()),
            Operator::IsDistinct => Test::Distinct(first()),
            Operator::In => Test::In(values),
            Operator::Is => match condition.value.to_ascii_lowercase().as_str() {
                "true" => Test::Bool("t"),
                "false" => Test::Bool("f"),
                _ => Test::Null,
            },
            // `values` refuses regular expressions, which are PostgreSQL's own.
            Operator::Like | Operator::Ilike | Operator::Match | Operator::Imatch => {
                let folds = condition.operator == Operator::Ilike;
                let pattern = if folds {
                    condition.value.to_lowercase()
                } else {
                    condition.value.clone()
                };
                Test::Like {
                    pattern: pattern.chars().collect(),
                    folds,
                }
            }
        };
        Self {
            column: condition.column.clone(),
            kind: column.kind.clone(),
            is_negated: condition.is_negated,
            test,
        }
    }

    /// The value, when the test is nothing but being equal to it and equal values have equal texts.
    pub fn equals(&self) -> Option<&str> {
        match &self.test {
            Test::Compare(Comparison::Equal, value) if !self.is_negated && self.kind.is_exact() => {
                Some(value)
            }
            _ => None,
        }
    }

    /// Whether a value passes; one that the log does not have does not.
    pub fn passes(&self, value: Option<&Value>) -> bool {
        let Some(value) = value.filter(|value| **value != Value::Absent) else {
            return false;
        };
        let text = value.text();
        let passes = match (&self.test, text) {
            (Test::Null, text) => text.is_none(),
            (Test::Bool(wanted), text) => text == Some(wanted),
            (Test::Distinct(other), text) => text.is_none_or(|text| !self.equal(text, other)),
            (_, None) => return false,
            (Test::Compare(comparison, other), Some(text)) => match comparison {
                Comparison::Equal => self.equal(text, other),
                Comparison::Unequal => !self.equal(text, other),
                _ => match self.kind.compare(text, other) {
                    Some(ordering) => comparison.holds(ordering),
                    None => return false,
                },
            },
            (Test::In(others), Some(text)) => others.iter().any(|other| self.equal(text, other)),
            (Test::Like { pattern, folds }, Some(text)) => {
                let text = if *folds {
                    text.to_lowercase()
                } else {
                    text.to_owned()
                };
                is_like(&text.chars().collect::<Vec<_>>(), pattern)
            }
        };
        passes != self.is_negated
    }

    fn equal(&self, left: &str, right: &str) -> bool {
        left == right || (!self.kind.is_exact() && self.kind.compare(left, right) == Some(Ordering::Equal))
    }
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Unequal => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// `LIKE` with backslash as escape; goes back to the last `%` only, which is enough.
fn is_like(text: &[char], pattern: &[char]) -> bool {
    let (mut at, mut in_pattern) = (0, 0);
    let mut again: Option<(usize, usize)> = None;
    while at < text.len() {
        let step = match pattern.get(in_pattern) {
            Some('%') => {
                again = Some((in_pattern + 1, at));
                in_pattern += 1;
                continue;
            }
            Some('_') => Some(1),
            Some('\\') if pattern.get(in_pattern + 1) == Some(&text[at]) => Some(2),
            Some('\\') => None,
            Some(char) if *char == text[at] => Some(1),
            _ => None,
        };
        match (step, &mut again) {
            (Some(step), _) => {
                in_pattern += step;
                at += 1;
            }
            (None, Some((after, from))) => {
                *from += 1;
                (in_pattern, at) = (*after, *from);
            }
            (None, None) => return false,
        }
    }
    pattern[in_pattern.min(pattern.len())..]
        .iter()
        .all(|char| *char == '%')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::filter::parse;

    fn passes(kind: Kind, filter: &str, value: &str) -> bool {
        let column = Column {
            name: "c".to_owned(),
            type_name: "t".to_owned(),
            kind,
            base: "t".to_owned(),
        };
        let condition = parse(filter).unwrap().remove(0);
        let values = values(&condition, &column).unwrap();
        let value = match value {
            "null" => Value::Null,
            "absent" => Value::Absent,
            text => Value::Text(Bytes::from(text.to_owned())),
        };
        Predicate::new(&condition, &column, values).passes(Some(&value))
    }

    #[test]
    fn null_passes_only_what_knows_it() {
        for (filter, of_null) in [
            ("c=eq.1", false),
            ("c=not.eq.1", false),
            ("c=neq.1", false),
            ("c=not.in.(1,2)", false),
            ("c=is.null", true),
            ("c=not.is.null", false),
            ("c=isdistinct.1", true),
            ("c=not.isdistinct.1", false),
        ] {
            assert_eq!(passes(Kind::Integer, filter, "null"), of_null, "{filter}");
            assert!(!passes(Kind::Integer, filter, "absent"), "{filter}");
        }
    }

    #[test]
    fn values_pass_by_their_type() {
        for (kind, filter, value, wanted) in [
            (Kind::Integer, "c=gt.9", "10", true),
            (Kind::Integer, "c=lte.9", "10", false),
            (Kind::Integer, "c=not.lt.9", "10", true),
            (Kind::Integer, "c=in.(1,10)", "10", true),
            (Kind::Numeric, "c=eq.1.0", "1.00", true),
            (Kind::Numeric, "c=neq.1.0", "1.00", false),
            (Kind::Text, "c=eq.a", "a", true),
            (Kind::Text, "c=like.a%c_", "abccd", true),
            (Kind::Text, "c=like.a\\%", "ab", false),
            (Kind::Text, "c=like.a\\%", "a%", true),
            (Kind::Text, "c=ilike.%BC", "abc", true),
            (Kind::Text, "c=not.like.a%", "abc", false),
            (Kind::Bool, "c=is.true", "t", true),
            (Kind::Bool, "c=is.false", "t", false),
        ] {
            assert_eq!(passes(kind, filter, value), wanted, "{filter} {value}");
        }
    }

    #[test]
    fn what_only_postgresql_can_compare_is_refused() {
        let column = |kind| Column {
            name: "c".to_owned(),
            type_name: "t".to_owned(),
            kind,
            base: "t".to_owned(),
        };
        for (kind, filter) in [
            (Kind::Text, "c=gt.a"),
            (Kind::Text, "c=match.a"),
            (Kind::Json, "c=eq.{}"),
            (Kind::Other, "c=in.(a)"),
            (Kind::Integer, "c=like.1"),
            (Kind::Integer, "c=is.true"),
            (Kind::Bool, "c=is.maybe"),
        ] {
            assert!(
                values(&parse(filter).unwrap()[0], &column(kind)).is_err(),
                "{filter}"
            );
        }
    }
}
