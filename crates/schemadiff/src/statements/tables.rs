//! Tables, without what goes with them.

use super::columns;
use crate::model::Table;
use crate::plan::Plan;

pub(super) fn create(table: &Table) -> Vec<String> {
    let unlogged = if table.is_unlogged { "unlogged " } else { "" };
    let partitioned = table
        .partitioned_by
        .as_ref()
        .map(|key| format!(" partition by {key}"))
        .unwrap_or_default();
    let statement = if let Some((parent, bound)) = &table.partition_of {
        format!(
            "create {unlogged}table {} partition of {parent} {bound}{partitioned}",
            table.name
        )
    } else {
        let own: Vec<String> = table
            .order
            .iter()
            .filter_map(|name| Some((name, table.columns.get(name)?)))
            .filter(|(_, column)| !column.is_inherited)
            .map(|(name, column)| format!("\n    {}", columns::definition(name, column)))
            .collect();
        let inherits = if table.inherits.is_empty() {
            String::new()
        } else {
            format!(" inherits ({})", table.inherits.join(", "))
        };
        let end = if own.is_empty() { "" } else { "\n" };
        format!(
            "create {unlogged}table {} ({}{end}){inherits}{partitioned}",
            table.name,
            own.join(",")
        )
    };
    let bare = Table {
        replica_identity: "default".to_owned(),
        ..Table::default()
    };
    [vec![statement], settings(&bare, table)].concat()
}

pub(super) fn alter(old: &Table, new: &Table, plan: &Plan) -> Vec<String> {
    let mut statements = Vec::new();
    let name = &new.name;
    if old.is_unlogged != new.is_unlogged {
        let logged = if new.is_unlogged { "unlogged" } else { "logged" };
        statements.push(format!("alter table {name} set {logged}"));
    }
    statements.extend(columns::changes(old, new, plan));
    if old.partition_of != new.partition_of {
        if let Some((parent, _)) = &old.partition_of {
            statements.push(format!("alter table {parent} detach partition {name}"));
        }
        if let Some((parent, bound)) = &new.partition_of {
            statements.push(format!("alter table {parent} attach partition {name} {bound}"));
        }
    }
    for parent in old
        .inherits
        .iter()
        .filter(|parent| !new.inherits.contains(parent))
    {
        statements.push(format!("alter table {name} no inherit {parent}"));
    }
    for parent in new
        .inherits
        .iter()
        .filter(|parent| !old.inherits.contains(parent))
    {
        statements.push(format!("alter table {name} inherit {parent}"));
    }
    statements.extend(settings(old, new));
    statements
}

fn settings(old: &Table, new: &Table) -> Vec<String> {
    let mut changes = Vec::new();
    if old.has_rls != new.has_rls {
        changes.push(format!(
            "{} row level security",
            if new.has_rls { "enable" } else { "disable" }
        ));
    }
    if old.forces_rls != new.forces_rls {
        changes.push(format!(
            "{}force row level security",
            if new.forces_rls { "" } else { "no " }
        ));
    }
    // An index that is to identify rows may come later: such a table keeps its default.
    if old.replica_identity != new.replica_identity && !new.replica_identity.starts_with("using") {
        changes.push(format!("replica identity {}", new.replica_identity));
    }
    changes
        .into_iter()
        .map(|change| format!("alter table {} {change}", new.name))
        .collect()
}
