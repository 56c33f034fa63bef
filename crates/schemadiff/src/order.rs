//! An order in which everything comes after what it needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Key, Snapshot};

/// `keys`, each after those of them that it needs in `snapshot`; among equals by kind and name. Where needs go in a circle, kind and
/// name decide.
pub(crate) fn in_order(keys: &BTreeSet<Key>, snapshot: &Snapshot) -> Vec<Key> {
    let mut missing: BTreeMap<&Key, usize> = BTreeMap::new();
    let mut dependents: BTreeMap<&Key, Vec<&Key>> = BTreeMap::new();
    for key in keys {
        let needs: BTreeSet<&Key> = snapshot
            .needs
            .get(key)
            .into_iter()
            .flatten()
            .filter_map(|need| keys.get(&need.key))
            .collect();
        missing.insert(key, needs.len());
        for need in needs {
            dependents.entry(need).or_default().push(key);
        }
    }
    let mut ready: BTreeSet<&Key> = missing
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(key, _)| *key)
        .collect();
    let mut ordered = Vec::with_capacity(keys.len());
    while let Some(next) = ready.pop_first().or_else(|| missing.keys().next().copied()) {
        if missing.remove(next).is_none() {
            continue;
        }
        ordered.push(next.clone());
        for dependent in dependents.get(next).into_iter().flatten() {
            if let Some(count) = missing.get_mut(dependent) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.insert(dependent);
                }
            }
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, Need};

    fn key(kind: Kind, identity: &str) -> Key {
        Key {
            kind,
            schema: "s".into(),
            identity: identity.into(),
        }
    }

    #[test]
    fn needs_come_first_then_kinds_and_circles_end() {
        let (view, function, table) = (
            key(Kind::View, "v"),
            key(Kind::Function, "f"),
            key(Kind::Table, "t"),
        );
        let mut snapshot = Snapshot::default();
        let mut need = |key: &Key, other: &Key| {
            snapshot.needs.entry(key.clone()).or_default().insert(Need {
                key: other.clone(),
                column: String::new(),
            });
        };
        need(&function, &view);
        need(&view, &table);
        let keys: BTreeSet<Key> = [&view, &function, &table].map(Clone::clone).into();
        assert_eq!(
            in_order(&keys, &snapshot),
            [table.clone(), view.clone(), function.clone()]
        );
        let mut circle = snapshot;
        circle.needs.entry(table.clone()).or_default().insert(Need {
            key: function.clone(),
            column: String::new(),
        });
        assert_eq!(in_order(&keys, &circle).len(), 3);
    }
}
