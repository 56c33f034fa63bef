//! The whole query string: which pair is what.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::error::ParseError;
use crate::filter::{Place, condition};
use crate::name::{names, tree_path};
use crate::pairs::{self, Pair};
use crate::source::{Source, either, run};
use crate::tree::{Filter, Located, LogicTree, OrderTerm, QueryString, Range, Reading};
use crate::{logic, order, select};

pub(crate) const SELECT: &str = "select";
pub(crate) const COLUMNS: &str = "columns";
pub(crate) const ON_CONFLICT: &str = "on_conflict";
pub(crate) const ORDER: &str = "order";
pub(crate) const LIMIT: &str = "limit";
pub(crate) const OFFSET: &str = "offset";

/// Whether a key is taken for something else than a filter: by its whole text, or by its last dotted word.
pub(crate) fn is_reserved(key: &str) -> bool {
    matches!(key, SELECT | COLUMNS | ON_CONFLICT)
        || is_reserved_ending(key.rsplit('.').next().unwrap_or_default())
}

fn is_reserved_ending(word: &str) -> bool {
    matches!(word, ORDER | LIMIT | OFFSET | logic::AND | logic::OR)
}

/// Reads the text after the question mark, still percent-encoded.
///
/// Of several mistakes the first in the original's order counts: orders, logic trees, columns, select, filters,
/// on_conflict, ranges.
pub fn parse(query: &str, reading: Reading) -> Result<QueryString, ParseError> {
    let pairs = pairs::split(query);
    let mut parsed = QueryString {
        canonical: pairs::canonical(&pairs),
        ..QueryString::default()
    };
    for (pair, value) in with_last_word(&pairs, |word| word == ORDER) {
        parsed.orders.push(order_of(&pair.key, value)?);
    }
    for (pair, value) in with_last_word(&pairs, |word| matches!(word, logic::AND | logic::OR)) {
        parsed.logic.push(logic_of(&pair.key, value)?);
    }
    if let Some(value) = first(&pairs, COLUMNS) {
        parsed.columns = Some(run("columns parameter", value, value, names)?);
    }
    if let Some(value) = first(&pairs, SELECT) {
        let items = run("select parameter", value, value, select::items)?;
        parsed.select = (!items.is_empty()).then_some(items);
    }
    for pair in pairs.iter().filter(|pair| !is_reserved(&pair.key)) {
        if let Some(value) = &pair.value {
            filter_of(&pair.key, value, reading, &mut parsed)?;
        }
    }
    if let Some(value) = first(&pairs, ON_CONFLICT) {
        parsed.on_conflict = Some(run("on_conflict parameter", value, value, names)?);
    }
    parsed.ranges = ranges(&pairs)?;
    Ok(parsed)
}

/// The value of the first pair with this key.
fn first<'p>(pairs: &'p [Pair<'_>], key: &str) -> Option<&'p str> {
    pairs.iter().find(|pair| pair.key == key)?.value.as_deref()
}

fn with_last_word<'p, 'q>(
    pairs: &'p [Pair<'q>],
    wanted: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (&'p Pair<'q>, &'p str)> {
    pairs
        .iter()
        .filter(move |pair| wanted(pair.last_word()))
        .filter_map(|pair| Some((pair, pair.value.as_deref()?)))
}

fn order_of(key: &str, value: &str) -> Result<Located<Vec<OrderTerm>>, ParseError> {
    let (path, _) = run("tree path", key, key, tree_path)?;
    let what = run("order", value, value, order::order)?;
    Ok(Located { path, what })
}

/// The operator of the key is put in front of the value, so that the grammar of nested groups reads it; errors count it.
fn logic_of(key: &str, value: &str) -> Result<Located<LogicTree>, ParseError> {
    let (path, operator) = run("logic path", key, key, logic::logic_path)?;
    let text = operator + value;
    let what = run("logic tree", value, &text, logic::tree)?;
    Ok(Located { path, what })
}

/// A filter, or an argument if the value does not begin like a condition at all.
fn filter_of(key: &str, value: &str, reading: Reading, parsed: &mut QueryString) -> Result<(), ParseError> {
    let (path, field) = run("tree path", key, key, tree_path)?;
    let condition = |source: &mut Source<'_>| condition(source, Place::Root).map(Some);
    let none = |_: &mut Source<'_>| Ok(None);
    let condition = match reading {
        Reading::Filters => run("filter", value, value, condition)?,
        Reading::Arguments => run("filter", value, value, either(condition, none))?,
    };
    match condition {
        Some((negated, operation)) => parsed.filters.push(Located {
            path,
            what: Filter {
                field,
                negated,
                operation,
            },
        }),
        None => parsed.arguments.push((field.name, value.to_owned())),
    }
    Ok(())
}

/// Of several limits (or offsets) of one level the last counts, even if it is no number.
fn ranges(pairs: &[Pair<'_>]) -> Result<Vec<Located<Range>>, ParseError> {
    let mut ranges: Vec<Located<Range>> = Vec::new();
    let mut positions = HashMap::new();
    for (pair, value) in with_last_word(pairs, |word| matches!(word, LIMIT | OFFSET)) {
        let is_limit = pair.last_word() == LIMIT;
        let key: Cow<'_, str> = match pair.key.strip_suffix(OFFSET) {
            // The original speaks of limits only.
            Some(prefix) => Cow::Owned(format!("{prefix}{LIMIT}")),
            None => Cow::Borrowed(&pair.key),
        };
        let (path, _) = run("tree path", &key, &key, tree_path)?;
        let position = *positions.entry(path.clone()).or_insert(ranges.len());
        if position == ranges.len() {
            let what = Range::default();
            ranges.push(Located { path, what });
        }
        if let Some(Located { what, .. }) = ranges.get_mut(position) {
            let end = if is_limit {
                &mut what.limit
            } else {
                &mut what.offset
            };
            *end = integer(value);
        }
    }
    ranges.retain(|range| range.what != Range::default());
    Ok(ranges)
}

/// A whole number; those beyond the type become its bounds.
fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits.trim_start()),
        None => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(match digits.parse::<i64>() {
        Ok(number) if negative => -number,
        Ok(number) => number,
        Err(_) if negative => i64::MIN,
        Err(_) => i64::MAX,
    })
}
