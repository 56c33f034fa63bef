//! The statements: what goes, in the order of what depends on it, then what comes or changes, in the order of what it needs.

mod columns;
mod grants;
mod tables;
mod types;

use std::collections::BTreeSet;

use crate::model::{Detail, Key, Kind, Object, Snapshot};
use crate::order::in_order;
use crate::plan::{Action, Plan, plan};

/// Bodies of functions may name what comes later.
const HEAD: &str = "set check_function_bodies = off";

/// The statements that make `from` the same as `to`.
pub(crate) fn statements(from: &Snapshot, to: &Snapshot) -> Vec<String> {
    let written = write(from, to, &plan(from, to, &BTreeSet::new()));
    let unsafe_enums = used_at_once(from, to, &written);
    let written = if unsafe_enums.is_empty() {
        written
    } else {
        write(from, to, &plan(from, to, &unsafe_enums))
    };
    if written.is_empty() {
        return written;
    }
    [vec![HEAD.to_owned()], written].concat()
}

/// Enums that get a label which another statement mentions: a label cannot be used in the transaction that adds it.
fn used_at_once(from: &Snapshot, to: &Snapshot, written: &[String]) -> BTreeSet<Key> {
    let mut enums = BTreeSet::new();
    for (key, object) in &to.objects {
        let Some(Detail::Enum(old)) = from.objects.get(key).map(|object| &object.detail) else {
            continue;
        };
        let Detail::Enum(new) = &object.detail else {
            continue;
        };
        let is_used = new.iter().filter(|label| !old.contains(label)).any(|label| {
            let written_label = ferrobase_sql::literal(label).to_string();
            written.iter().any(|statement| {
                !statement.starts_with("alter type ") && statement.contains(written_label.trim())
            })
        });
        if is_used {
            enums.insert(key.clone());
        }
    }
    enums
}

fn write(from: &Snapshot, to: &Snapshot, plan: &Plan) -> Vec<String> {
    let (late, soon): (Vec<_>, Vec<_>) = drops(from, to, plan)
        .into_iter()
        .partition(|(key, _)| is_used_by_a_table_that_stays(from, plan, key));
    let mut statements: Vec<String> = soon.into_iter().map(|(_, statement)| statement).collect();
    let keys: BTreeSet<Key> = plan
        .actions
        .iter()
        .filter(|(_, action)| **action != Action::Drop)
        .map(|(key, _)| key.clone())
        .collect();
    for key in in_order(&keys, to) {
        statements.extend(make(from, to, plan, &key));
    }
    statements.extend(late.into_iter().map(|(_, statement)| statement));
    statements.extend(plan.replaced_types.iter().map(types::drop_outgoing));
    statements
}

/// A type that goes while columns still have it: they change their type first.
fn is_used_by_a_table_that_stays(from: &Snapshot, plan: &Plan, key: &Key) -> bool {
    key.kind == Kind::Type
        && plan.actions.get(key) == Some(&Action::Drop)
        && from.dependents(key, None).any(|dependent| {
            dependent.kind == Kind::Table && plan.actions.get(dependent) == Some(&Action::Alter)
        })
}

/// Columns go where their tables would.
fn drops(from: &Snapshot, to: &Snapshot, plan: &Plan) -> Vec<(Key, String)> {
    let goes = |key: &Key| matches!(plan.actions.get(key), Some(Action::Drop | Action::Rebuild));
    let keys: BTreeSet<Key> = plan
        .actions
        .keys()
        .filter(|key| from.objects.contains_key(*key) && (goes(key) || key.kind == Kind::Table))
        .cloned()
        .collect();
    let mut statements = Vec::new();
    for key in in_order(&keys, from).iter().rev() {
        let Some(object) = from.objects.get(key) else {
            continue;
        };
        if !goes(key) {
            if let (Some(old), Some(new)) = (from.table(key), to.table(key)) {
                let columns = columns::drops(old, new).into_iter();
                statements.extend(columns.map(|statement| (key.clone(), statement)));
            }
        } else if !goes_along(from, key, object, goes) {
            statements.push((key.clone(), object.drop.clone()));
        }
    }
    statements
}

/// Whether an object goes with the one that it belongs to; not so when it stands in the way of something else that goes.
fn goes_along(from: &Snapshot, key: &Key, object: &Object, goes: impl Fn(&Key) -> bool) -> bool {
    let Some(parent) = object.parent.as_ref().filter(|parent| goes(parent)) else {
        return false;
    };
    let mut needs = from.needs.get(key).into_iter().flatten();
    needs.all(|need| need.key == *parent || need.key.kind == Kind::Schema || !goes(&need.key))
}

/// Makes or changes one object.
fn make(from: &Snapshot, to: &Snapshot, plan: &Plan, key: &Key) -> Vec<String> {
    let Some(object) = to.objects.get(key) else {
        return Vec::new();
    };
    let is_new = matches!(plan.actions.get(key), Some(Action::Create | Action::Rebuild));
    let before = from.objects.get(key).filter(|_| !is_new);
    let mut statements = match (&object.detail, before.map(|object| &object.detail)) {
        (Detail::Table(new), Some(Detail::Table(old))) => tables::alter(old, new, plan),
        (Detail::Table(new), _) => tables::create(new),
        (Detail::Enum(new), Some(Detail::Enum(old))) => {
            types::alter_enum(from, to, key, (old, new), plan.replaced_types.contains(key))
        }
        (Detail::Composite(new), Some(Detail::Composite(old))) => {
            types::alter_composite(&object.create, old, new)
        }
        (Detail::Domain(new), Some(Detail::Domain(old))) => types::alter_domain(&object.create, old, new),
        (Detail::Enum(_) | Detail::Composite(_) | Detail::Domain(_), _) => types::create(object),
        (Detail::Function { .. } | Detail::Plain, Some(_))
            if before.is_some_and(|old| old.create == object.create) =>
        {
            Vec::new()
        }
        (Detail::Plain, Some(_)) if key.kind == Kind::Sequence => {
            vec![object.create.replacen("create sequence ", "alter sequence ", 1)]
        }
        (Detail::Function { .. } | Detail::Plain, _) => vec![object.create.clone()],
    };
    statements.extend(grants::change(from, key, before, object));
    statements
}
