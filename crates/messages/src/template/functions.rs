//! The functions of templates.

use super::eval::{Val, escape_html};
use super::format::{print, print_all, printf};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

/// What Go's query escaping leaves alone besides letters and digits; spaces become `+` afterwards.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b' ');

/// A function of the template language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    And,
    Or,
    Not,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Len,
    Index,
    Slice,
    Print,
    Printf,
    Println,
    Html,
    Urlquery,
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "and" => Self::And,
            "or" => Self::Or,
            "not" => Self::Not,
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "lt" => Self::Lt,
            "le" => Self::Le,
            "gt" => Self::Gt,
            "ge" => Self::Ge,
            "len" => Self::Len,
            "index" => Self::Index,
            "slice" => Self::Slice,
            "print" => Self::Print,
            "printf" => Self::Printf,
            "println" => Self::Println,
            "html" => Self::Html,
            "urlquery" => Self::Urlquery,
            _ => return None,
        })
    }

    /// Calls the function; the error is what to tell the template's author. `and` and `or` are the evaluator's.
    pub(super) fn call<'a>(self, arguments: &[Val<'a>]) -> Result<Val<'a>, String> {
        let values: Vec<&Value> = arguments.iter().map(AsRef::as_ref).collect();
        let text = |text: String| Ok(Cow::Owned(Value::String(text)));
        let truth_value = |b: bool| Ok(Cow::Owned(Value::Bool(b)));
        match self {
            Self::And | Self::Or => Err("`and` and `or` need an argument".to_owned()),
            Self::Not => truth_value(!truth(one("not", &values)?)),
            Self::Eq => match values.as_slice() {
                [first, others @ ..] if !others.is_empty() => {
                    truth_value(others.iter().any(|other| equal(first, other)))
                }
                _ => Err("`eq` needs two or more arguments".to_owned()),
            },
            Self::Ne => two("ne", &values).and_then(|(a, b)| truth_value(!equal(a, b))),
            Self::Lt => order("lt", &values).and_then(|o| truth_value(o == Ordering::Less)),
            Self::Le => order("le", &values).and_then(|o| truth_value(o != Ordering::Greater)),
            Self::Gt => order("gt", &values).and_then(|o| truth_value(o == Ordering::Greater)),
            Self::Ge => order("ge", &values).and_then(|o| truth_value(o != Ordering::Less)),
            Self::Len => length(one("len", &values)?).map(|n| Cow::Owned(n.into())),
            Self::Index => index(arguments),
            Self::Slice => slice(&values).map(Cow::Owned),
            Self::Print => text(print_all(&values)),
            Self::Println => text(values.iter().map(|v| print(v)).collect::<Vec<_>>().join(" ") + "\n"),
            Self::Printf => match values.split_first() {
                Some((Value::String(format), rest)) => text(printf(format, rest)?),
                _ => Err("`printf` needs a format".to_owned()),
            },
            Self::Html => text(escape_html(&print_all(&values))),
            Self::Urlquery => text(
                utf8_percent_encode(&print_all(&values), QUERY)
                    .to_string()
                    .replace(' ', "+"),
            ),
        }
    }
}

/// Whether a value counts as true: not empty, not zero, not null.
pub(super) fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(s) => !s.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

fn one<'v>(name: &str, values: &[&'v Value]) -> Result<&'v Value, String> {
    match values {
        [value] => Ok(value),
        _ => Err(format!("`{name}` needs one argument")),
    }
}

fn two<'v>(name: &str, values: &[&'v Value]) -> Result<(&'v Value, &'v Value), String> {
    match values {
        [a, b] => Ok((a, b)),
        _ => Err(format!("`{name}` needs two arguments")),
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => order("eq", &[a, b]) == Ok(Ordering::Equal),
        _ => a == b,
    }
}

fn order(name: &str, values: &[&Value]) -> Result<Ordering, String> {
    let (a, b) = two(name, values)?;
    let wrong = || format!("`{name}` compares two numbers or two strings");
    match (a, b) {
        (Value::String(a), Value::String(b)) => Ok(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Ok(a.cmp(&b)),
            _ => a.as_f64().partial_cmp(&b.as_f64()).ok_or_else(wrong),
        },
        _ => Err(wrong()),
    }
}

fn length(value: &Value) -> Result<usize, String> {
    match value {
        // Bytes, as in Go.
        Value::String(text) => Ok(text.len()),
        Value::Array(list) => Ok(list.len()),
        Value::Object(map) => Ok(map.len()),
        Value::Null => Ok(0),
        Value::Bool(_) | Value::Number(_) => Err("`len` needs a string, a list or a map".to_owned()),
    }
}

/// `index map "key" 0 …`; a missing key is null, an index outside its list is an error.
fn index<'a>(arguments: &[Val<'a>]) -> Result<Val<'a>, String> {
    let Some((first, keys)) = arguments.split_first() else {
        return Err("`index` needs an argument".to_owned());
    };
    let mut current = first.clone();
    for key in keys {
        current = match &current {
            Cow::Borrowed(value) => element(value, key)?.map_or(Cow::Owned(Value::Null), Cow::Borrowed),
            Cow::Owned(value) => Cow::Owned(element(value, key)?.cloned().unwrap_or_default()),
        };
    }
    Ok(current)
}

fn element<'v>(value: &'v Value, key: &Value) -> Result<Option<&'v Value>, String> {
    match (value, key) {
        (Value::Object(map), Value::String(key)) => Ok(map.get(key)),
        (Value::Array(list), Value::Number(_)) => position(key)
            .and_then(|i| list.get(i))
            .map(Some)
            .ok_or_else(|| "`index` is outside the list".to_owned()),
        (Value::Null, _) => Ok(None),
        _ => Err("`index` needs a map and a key, or a list and a number".to_owned()),
    }
}

fn position(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|n| usize::try_from(n).ok())
}

/// `slice text from to`, in bytes as in Go.
fn slice(values: &[&Value]) -> Result<Value, String> {
    let wrong = || "`slice` needs a string or a list and bounds inside it".to_owned();
    let (first, bounds) = values.split_first().ok_or_else(wrong)?;
    let end = length(first)?;
    let bound = |i: usize, default| match bounds.get(i) {
        Some(value) => position(value).ok_or_else(wrong),
        None => Ok(default),
    };
    let (from, to) = (bound(0, 0)?, bound(1, end)?);
    match first {
        Value::String(text) => text
            .get(from..to)
            .map(|part| Value::String(part.to_owned()))
            .ok_or_else(wrong),
        Value::Array(list) => list
            .get(from..to)
            .map(|part| Value::Array(part.to_vec()))
            .ok_or_else(wrong),
        _ => Err(wrong()),
    }
}
