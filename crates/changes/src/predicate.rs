//! Conditions of filters as typed tests (§7.2). A test of null is false, whether or not it is negated; only `is` and
//! `isdistinct` know null. What depends on the database's own ways (order of texts, regular expressions, types that are not known
//! here) becomes a question that PostgreSQL answers.

use std::cmp::Ordering;
use std::sync::Arc;

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
    Asked(Arc<Question>),
}

/// A test that PostgreSQL has to make.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// One that is not `is`.
    pub operator: Operator,
    /// The column's type, as SQL.
    pub base: String,
    /// The column's own collation, as SQL.
    pub collation: Option<String>,
    /// What values are compared with; several for `in` only.
    pub given: Vec<String>,
}

/// A value about which a question is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ask {
    /// The question.
    pub question: Arc<Question>,
    /// The value.
    pub value: Arc<str>,
    /// What the answer has to be.
    pub wanted: bool,
}

/// How a value did.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It passes.
    Passes,
    /// It does not.
    Fails,
    /// Only PostgreSQL knows.
    Ask(Ask),
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

/// What a condition is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// Texts that have to be read as values of the column's type.
    Values(Vec<String>),
    /// Texts of a question, which has to be tried out.
    Question(Question),
}

/// What a condition is compared with; the error says why that is impossible.
pub fn given(condition: &Condition, column: &Column) -> Result<Given, String> {
    let question = |given: Vec<String>| {
        Given::Question(Question {
            operator: condition.operator,
            base: column.base.clone(),
            collation: column.collation.clone(),
            given,
        })
    };
    let value = || vec![condition.value.clone()];
    let knows_equality = column.kind.is_exact() || column.kind.is_ordered();
    Ok(match condition.operator {
        Operator::In => {
            let members = list(&condition.value)?;
            if members.len() > MOST_VALUES {
                return Err(format!("too many values for `in` filter. Maximum {MOST_VALUES}"));
            }
            let members = members.into_iter().flatten().collect();
            if knows_equality {
                Given::Values(members)
            } else {
                question(members)
            }
        }
        Operator::Eq | Operator::Neq | Operator::IsDistinct if knows_equality => Given::Values(value()),
        Operator::Lt | Operator::Lte | Operator::Gt | Operator::Gte if column.kind.is_ordered() => {
            Given::Values(value())
        }
        // Which letters are the same but for their case depends on the collation for all but these.
        Operator::Like | Operator::Ilike
            if column.kind == Kind::Text
                && (condition.operator == Operator::Like || condition.value.is_ascii()) =>
        {
            Given::Values(Vec::new())
        }
        Operator::Is => match condition.value.to_ascii_lowercase().as_str() {
            "null" => Given::Values(Vec::new()),
            "true" | "false" | "unknown" if column.kind == Kind::Bool => Given::Values(Vec::new()),
            "true" | "false" | "unknown" => {
                return Err(format!(
                    "`is` true, false or unknown needs a boolean, not {}",
                    column.name
                ));
            }
            other => return Err(format!("invalid value for `is` filter: {other}")),
        },
        _ => question(value()),
    })
}

impl Predicate {
    /// The test that is a question.
    pub fn asked(condition: &Condition, column: &Column, question: Question) -> Self {
        Self {
            column: condition.column.clone(),
            kind: column.kind.clone(),
            is_negated: condition.is_negated,
            test: Test::Asked(Arc::new(question)),
        }
    }

    /// The test of a condition whose [`Given::Values`] are, as the stream prints them, these.
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
            // Regular expressions are PostgreSQL's own: `given` makes questions of them.
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
    pub fn judge(&self, value: Option<&Value>) -> Verdict {
        let Some(value) = value.filter(|value| **value != Value::Absent) else {
            return Verdict::Fails;
        };
        let passes = match (&self.test, value.text()) {
            (Test::Asked(question), Some(text)) => {
                return Verdict::Ask(Ask {
                    question: Arc::clone(question),
                    value: text.into(),
                    wanted: !self.is_negated,
                });
            }
            (Test::Asked(question), None) => question.operator == Operator::IsDistinct && !self.is_negated,
            (_, text) => self.passes(text),
        };
        if passes { Verdict::Passes } else { Verdict::Fails }
    }

    fn passes(&self, text: Option<&str>) -> bool {
        let passes = match (&self.test, text) {
            (Test::Null, text) => text.is_none(),
            (Test::Bool(wanted), text) => text == Some(wanted),
            (Test::Distinct(other), text) => text.is_none_or(|text| !self.equal(text, other)),
            (_, None) | (Test::Asked(_), _) => return false,
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
            collation: None,
        };
        let condition = parse(filter).unwrap().remove(0);
        let Given::Values(values) = given(&condition, &column).unwrap() else {
            panic!("{filter} is a question");
        };
        let value = match value {
            "null" => Value::Null,
            "absent" => Value::Absent,
            text => Value::Text(Bytes::from(text.to_owned())),
        };
        Predicate::new(&condition, &column, values).judge(Some(&value)) == Verdict::Passes
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
    fn what_only_postgresql_can_compare_is_asked() {
        let column = |kind| Column {
            name: "c".to_owned(),
            type_name: "t".to_owned(),
            kind,
            base: "t".to_owned(),
            collation: None,
        };
        for (kind, filter) in [
            (Kind::Text, "c=gt.a"),
            (Kind::Text, "c=match.a"),
            (Kind::Text, "c=ilike.Ä%"),
            (Kind::Json, "c=eq.{}"),
            (Kind::Other, "c=in.(a)"),
            (Kind::Integer, "c=like.1"),
        ] {
            let (condition, column) = (parse(filter).unwrap().remove(0), column(kind));
            let Given::Question(question) = given(&condition, &column).unwrap() else {
                panic!("{filter} is no question");
            };
            let predicate = Predicate::asked(&condition, &column, question);
            let text = Value::Text(Bytes::from_static(b"x"));
            assert!(
                matches!(predicate.judge(Some(&text)), Verdict::Ask(ask) if ask.wanted && &*ask.value == "x")
            );
            assert_eq!(predicate.judge(Some(&Value::Null)), Verdict::Fails);
        }
        for (kind, filter) in [(Kind::Integer, "c=is.true"), (Kind::Bool, "c=is.maybe")] {
            assert!(
                given(&parse(filter).unwrap()[0], &column(kind)).is_err(),
                "{filter}"
            );
        }
    }
}
