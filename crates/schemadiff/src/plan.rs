//! What has to be done to which object, those that others stand in the way of included.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Detail, Key, Kind, Snapshot, Table};

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Create,
    Drop,
    /// Removed and made again.
    Rebuild,
    /// Changed in its place.
    Alter,
}

/// What is done to which objects.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) actions: BTreeMap<Key, Action>,
    /// Enums that are made anew under their name, their columns moved over.
    pub(crate) replaced_types: BTreeSet<Key>,
}

/// Compares. `replaced` are enums that cannot just be added to.
pub(crate) fn plan(from: &Snapshot, to: &Snapshot, replaced: &BTreeSet<Key>) -> Plan {
    let mut plan = Plan::default();
    for key in from.objects.keys().chain(to.objects.keys()) {
        if let Some(action) = compare(from, to, key) {
            plan.actions.insert(key.clone(), action);
        }
    }
    for (key, action) in &plan.actions {
        if *action == Action::Alter && is_replaced(from, to, key, replaced) {
            plan.replaced_types.insert(key.clone());
        }
    }
    spread(from, to, &mut plan);
    plan
}

fn compare(from: &Snapshot, to: &Snapshot, key: &Key) -> Option<Action> {
    let (old, new) = match (from.objects.get(key), to.objects.get(key)) {
        (Some(old), Some(new)) => (old, new),
        (Some(_), None) => return Some(Action::Drop),
        (None, _) => return Some(Action::Create),
    };
    if old.create == new.create && old.detail == new.detail {
        // Privileges alone are changed in place.
        return (old.grants != new.grants).then_some(Action::Alter);
    }
    Some(match (&old.detail, &new.detail) {
        (Detail::Table(old), Detail::Table(new)) if old.partitioned_by == new.partitioned_by => Action::Alter,
        (Detail::Enum(_), Detail::Enum(_)) | (Detail::Composite(_), Detail::Composite(_)) => Action::Alter,
        (Detail::Domain(_), Detail::Domain(_)) if old.create == new.create => Action::Alter,
        (
            Detail::Function {
                fixed: old,
                defaults: before,
            },
            Detail::Function {
                fixed: new,
                defaults: after,
            },
        ) if old == new && before <= after => Action::Alter,
        _ if matches!(
            key.kind,
            Kind::Sequence | Kind::Default | Kind::SequenceOwner | Kind::Comment
        ) =>
        {
            Action::Alter
        }
        _ => Action::Rebuild,
    })
}

/// Whether an enum loses labels, or their order, or is among those that have to be made anew.
fn is_replaced(from: &Snapshot, to: &Snapshot, key: &Key, replaced: &BTreeSet<Key>) -> bool {
    let labels = |snapshot: &Snapshot| match snapshot.objects.get(key).map(|object| &object.detail) {
        Some(Detail::Enum(labels)) => Some(labels.clone()),
        _ => None,
    };
    let (Some(old), Some(new)) = (labels(from), labels(to)) else {
        return false;
    };
    old != new && (replaced.contains(key) || !is_subsequence(&old, &new))
}

fn is_subsequence(old: &[String], new: &[String]) -> bool {
    let mut rest = new.iter();
    old.iter().all(|label| rest.any(|other| other == label))
}

/// Columns that are made anew or change their type: what depends on them is in the way.
pub(crate) fn broken_columns<'t>(old: &'t Table, new: &'t Table, plan: &Plan) -> Vec<&'t str> {
    let is_broken = |(name, column): &(&'t String, &'t crate::model::Column)| {
        let Some(after) = new.columns.get(*name) else {
            return true;
        };
        column.ty != after.ty
            || column.collation != after.collation
            || column.generated != after.generated
            || after
                .own_type
                .as_ref()
                .is_some_and(|key| plan.replaced_types.contains(key))
    };
    let broken = old.columns.iter().filter(is_broken);
    broken.map(|(name, _)| name.as_str()).collect()
}

/// Whatever depends on something that goes, or changes beneath it, is made anew.
fn spread(from: &Snapshot, to: &Snapshot, plan: &mut Plan) {
    let mut waiting: Vec<(Key, Option<String>)> = Vec::new();
    for (key, action) in &plan.actions {
        if matches!(action, Action::Drop | Action::Rebuild) || plan.replaced_types.contains(key) {
            waiting.push((key.clone(), None));
        }
    }
    for (key, object) in &from.objects {
        if let (Detail::Table(old), Some(new)) = (&object.detail, to.table(key)) {
            let broken = broken_columns(old, new, plan);
            if !broken.is_empty() {
                plan.actions.entry(key.clone()).or_insert(Action::Alter);
            }
            waiting.extend(
                broken
                    .into_iter()
                    .map(|column| (key.clone(), Some(column.to_owned()))),
            );
        }
    }
    while let Some((key, column)) = waiting.pop() {
        let dependents: Vec<Key> = from.dependents(&key, column.as_deref()).cloned().collect();
        for dependent in dependents {
            let is_there_after = to.objects.contains_key(&dependent);
            let stays = matches!(plan.actions.get(&dependent), None | Some(Action::Alter));
            // Tables are never made anew for something else's sake.
            if is_there_after
                && stays
                && !matches!(dependent.kind, Kind::Table | Kind::Schema | Kind::Sequence)
            {
                plan.actions.insert(dependent.clone(), Action::Rebuild);
                waiting.push((dependent, None));
            }
        }
    }
}
