//! Columns of tables that stay.

use std::fmt::Write;

use ferrobase_sql::ident;

use crate::model::{Column, Table};
use crate::plan::{Plan, broken_columns};

/// Columns that go, or are made anew.
pub(super) fn drops(old: &Table, new: &Table) -> Vec<String> {
    let goes = |name: &&String| {
        let (before, after) = (old.columns.get(*name), new.columns.get(*name));
        match (before, after) {
            (Some(before), None) => !before.is_inherited,
            (Some(before), Some(after)) => is_made_anew(before, after),
            _ => false,
        }
    };
    let gone = old.order.iter().filter(goes);
    gone.map(|name| format!("alter table {} drop column {}", old.name, ident(name)))
        .collect()
}

/// Whether a column cannot become the other by itself.
fn is_made_anew(before: &Column, after: &Column) -> bool {
    before.generated != after.generated
}

/// Columns that come or change.
pub(super) fn changes(old: &Table, new: &Table, plan: &Plan) -> Vec<String> {
    let broken = broken_columns(old, new, plan);
    let mut statements = Vec::new();
    for (name, after) in new
        .order
        .iter()
        .filter_map(|name| Some((name, new.columns.get(name)?)))
    {
        match old.columns.get(name) {
            Some(before) if !is_made_anew(before, after) => {
                let is_broken = broken.contains(&name.as_str());
                statements.extend(change(&new.name, name, before, after, is_broken));
            }
            _ if after.is_inherited => {}
            _ => statements.push(format!(
                "alter table {} add column {}",
                new.name,
                definition(name, after)
            )),
        }
    }
    statements
}

fn change(table: &str, name: &str, before: &Column, after: &Column, is_broken: bool) -> Vec<String> {
    let mut changes = Vec::new();
    // Columns of replaced enums are moved with the enum.
    let has_other_type = before.ty != after.ty || before.collation != after.collation;
    if is_broken && has_other_type {
        let collation = after.collation.as_ref().map(|name| format!(" collate {name}"));
        changes.push(format!(
            "type {}{} using {}::{}",
            after.ty,
            collation.unwrap_or_default(),
            ident(name),
            after.ty
        ));
    }
    if before.identity != after.identity && before.identity.is_some() && after.identity.is_none() {
        changes.push("drop identity".to_owned());
    }
    if before.is_required != after.is_required {
        changes.push(format!(
            "{} not null",
            if after.is_required { "set" } else { "drop" }
        ));
    }
    match (&before.identity, &after.identity) {
        (Some(before), Some(after)) if before != after => changes.push(format!("set generated {after}")),
        (None, Some(after)) => changes.push(format!("add generated {after} as identity")),
        _ => {}
    }
    changes
        .into_iter()
        .map(|change| format!("alter table {table} alter column {} {change}", ident(name)))
        .collect()
}

/// A column in `create table` or `add column`.
pub(super) fn definition(name: &str, column: &Column) -> String {
    let mut text = format!("{} {}", ident(name), column.ty);
    if let Some(collation) = &column.collation {
        text.push_str(" collate ");
        text.push_str(collation);
    }
    if let Some(identity) = &column.identity {
        let _ = write!(text, " generated {identity} as identity");
    }
    if let Some(expression) = &column.generated {
        let _ = write!(text, " generated always as ({expression}) stored");
    }
    if column.is_required {
        text.push_str(" not null");
    }
    text
}
