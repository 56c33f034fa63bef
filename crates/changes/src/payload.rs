//! What a subscriber is told of a change (§7.4).

use std::fmt::Write;

use chrono::DateTime;
use ferrobase_replication::{Change, ChangeKind, OldRow, Relation, Row, Value};

use crate::table::{RoleView, Table};
use crate::value::quoted;

/// From 1970 to 2000, in microseconds.
const EPOCH: i64 = 946_684_800_000_000;

/// Changes with more bytes of values than this are told with small values only.
const LARGEST: usize = 1024 * 1024;

/// The largest value, as JSON, of a change that is too large.
const SMALL: usize = 64;

/// The change as JSON. Shown are the columns that the role may read, restricted to `select` and the primary key.
pub fn data(change: &Change, table: &Table, view: &RoleView, select: Option<&[String]>) -> String {
    let is_row_known = change.kind != ChangeKind::Delete;
    if is_row_known && table.key.is_empty() {
        return refused(change, "Error 400: Bad Request, no primary key");
    }
    if is_row_known && !view.can_read_key(table) {
        return refused(change, "Error 401: Unauthorized");
    }
    let size = |row: &Row| row.iter().map(Value::size).sum::<usize>();
    let bytes = change.new.as_ref().map_or(0, size) + change.old.as_ref().map_or(0, |old| size(&old.row));
    let is_large = change.is_cut || bytes > LARGEST;
    let shown: Vec<Shown> = table
        .columns
        .iter()
        .enumerate()
        .filter(|(index, column)| {
            view.can_read(*index)
                && select.is_none_or(|names| names.contains(&column.name) || table.key.contains(index))
        })
        .filter_map(|(index, column)| {
            let place = place(&change.relation, &column.name)?;
            Some(Shown {
                index,
                place,
                is_identity: change.relation.columns[place].is_identity,
            })
        })
        .collect();
    let mut out = head(change);
    let _ = write!(
        out,
        "\"{}\",\"columns\":[",
        timestamp(change.transaction.commit_time)
    );
    for (number, shown) in shown.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        let column = &table.columns[shown.index];
        out.push_str("{\"name\":");
        quoted(&column.name, &mut out);
        out.push_str(",\"type\":");
        quoted(&column.type_name, &mut out);
        out.push('}');
    }
    out.push(']');
    let limit = if is_large { SMALL } else { usize::MAX };
    if let Some(new) = &change.new {
        let old = change.old.as_ref().filter(|old| old.is_complete);
        let values = shown
            .iter()
            .map(|shown| (shown, new_value(new, old, shown.place)));
        record("record", values, table, limit, &mut out);
    }
    if change.kind != ChangeKind::Insert {
        let values = shown
            .iter()
            .filter(|shown| is_old_shown(change, table, shown))
            .map(|shown| (shown, old_value(change, shown.place)));
        record("old_record", values, table, limit, &mut out);
    }
    out.push_str(if is_large {
        ",\"errors\":[\"Error 413: Payload Too Large\"]}"
    } else {
        ",\"errors\":null}"
    });
    out
}

/// A column that is shown: its places in table and stream.
struct Shown {
    index: usize,
    place: usize,
    is_identity: bool,
}

/// The place of a column in the stream's rows.
pub fn place(relation: &Relation, column: &str) -> Option<usize> {
    relation.columns.iter().position(|other| &*other.name == column)
}

/// A value of the new row; what the log lacks of it an old row that is complete has.
pub fn new_value<'r>(new: &'r Row, old: Option<&'r OldRow>, place: usize) -> Option<&'r Value> {
    match new.get(place) {
        Some(Value::Absent) | None => old.and_then(|old| old.row.get(place)),
        value => value,
    }
}

/// Of a deleted row of a table with policies only the key is shown: nobody asked them whether more may be.
fn is_old_shown(change: &Change, table: &Table, shown: &Shown) -> bool {
    match &change.old {
        Some(_) if change.kind == ChangeKind::Delete && table.has_rls => table.key.contains(&shown.index),
        Some(old) if old.is_complete => true,
        // Without an old row the key has not changed.
        _ => shown.is_identity,
    }
}

fn old_value(change: &Change, place: usize) -> Option<&Value> {
    match (&change.old, &change.new) {
        (Some(old), _) => old.row.get(place),
        (None, Some(new)) => new.get(place),
        (None, None) => None,
    }
}

fn record<'v>(
    name: &str,
    values: impl Iterator<Item = (&'v Shown, Option<&'v Value>)>,
    table: &Table,
    limit: usize,
    out: &mut String,
) {
    let _ = write!(out, ",\"{name}\":{{");
    let mut is_first = true;
    for (shown, value) in values {
        let column = &table.columns[shown.index];
        let start = out.len();
        if !is_first {
            out.push(',');
        }
        quoted(&column.name, out);
        out.push(':');
        let begin = out.len();
        match value {
            Some(Value::Text(_)) if value.map_or(0, Value::size) > limit => {
                out.truncate(start);
                continue;
            }
            Some(value) => match value.text() {
                Some(text) => column.kind.json(text, out),
                None if *value == Value::Null => out.push_str("null"),
                None => {
                    out.truncate(start);
                    continue;
                }
            },
            None => {
                out.truncate(start);
                continue;
            }
        }
        if out.len() - begin > limit {
            out.truncate(start);
            continue;
        }
        is_first = false;
    }
    out.push('}');
}

/// The beginning, up to the value of the commit's time.
fn head(change: &Change) -> String {
    let kind = match change.kind {
        ChangeKind::Insert => "INSERT",
        ChangeKind::Update => "UPDATE",
        ChangeKind::Delete => "DELETE",
    };
    let mut out = String::with_capacity(512);
    let _ = write!(out, "{{\"type\":\"{kind}\",\"schema\":");
    quoted(&change.relation.schema, &mut out);
    out.push_str(",\"table\":");
    quoted(&change.relation.name, &mut out);
    out.push_str(",\"commit_timestamp\":");
    out
}

fn refused(change: &Change, error: &str) -> String {
    let mut out = head(change);
    out.push_str("null,\"columns\":[],\"record\":{}");
    if change.kind == ChangeKind::Update {
        out.push_str(",\"old_record\":{}");
    }
    let _ = write!(out, ",\"errors\":[\"{error}\"]}}");
    out
}

fn timestamp(commit_time: i64) -> String {
    DateTime::from_timestamp_micros(commit_time.saturating_add(EPOCH)).map_or_else(String::new, |time| {
        time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_of_this_century() {
        assert_eq!(timestamp(768_294_489_123_456), "2024-05-06T07:08:09.123Z");
        assert_eq!(timestamp(0), "2000-01-01T00:00:00.000Z");
    }
}
