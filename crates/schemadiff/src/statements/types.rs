//! Enums, domains and composite types. What they are called stands at the end of the object's own text.

use ferrobase_sql::{ident, literal};

use crate::model::{Detail, Domain, Key, Object, Snapshot};

pub(super) fn create(object: &Object) -> Vec<String> {
    let head = &object.create;
    match &object.detail {
        Detail::Enum(labels) => vec![format!("create {head} as enum ({})", list(labels))],
        Detail::Composite(attributes) => {
            let attributes: Vec<String> = attributes
                .iter()
                .map(|(name, ty)| format!("{} {ty}", ident(name)))
                .collect();
            vec![format!("create {head} as ({})", attributes.join(", "))]
        }
        Detail::Domain(domain) => {
            let bare = Domain {
                is_required: false,
                default: None,
                constraints: std::collections::BTreeMap::new(),
            };
            [vec![head.clone()], alter_domain(head, &bare, domain)].concat()
        }
        _ => Vec::new(),
    }
}

/// Adds labels; or makes the type anew and moves the columns that have it.
pub(super) fn alter_enum(
    from: &Snapshot,
    to: &Snapshot,
    key: &Key,
    (old, new): (&[String], &[String]),
    is_replaced: bool,
) -> Vec<String> {
    let Some(object) = to.objects.get(key).filter(|_| old != new) else {
        return Vec::new();
    };
    if is_replaced {
        return replace(from, to, key, object);
    }
    let mut statements = Vec::new();
    let mut before: Option<&String> = None;
    for label in new {
        if !old.contains(label) {
            let place = match before {
                Some(before) => format!("after {}", literal(before)),
                None => old
                    .first()
                    .map(|first| format!("before {}", literal(first)))
                    .unwrap_or_default(),
            };
            statements.push(
                format!("alter {} add value {} {place}", object.create, literal(label))
                    .trim()
                    .to_owned(),
            );
        }
        before = Some(label);
    }
    statements
}

fn replace(from: &Snapshot, to: &Snapshot, key: &Key, object: &Object) -> Vec<String> {
    let outgoing = outgoing(key);
    let mut statements = vec![format!("alter {} rename to {}", object.create, ident(&outgoing))];
    statements.extend(create(object));
    for (name, old) in &from.objects {
        let (Detail::Table(old), Some(new)) = (&old.detail, to.table(name)) else {
            continue;
        };
        for (name, column) in &new.columns {
            let before = old.columns.get(name);
            let is_moved =
                before.is_some_and(|before| before.ty == column.ty && before.generated == column.generated);
            if column.own_type.as_ref() != Some(key) || !is_moved || column.is_inherited {
                continue;
            }
            let text = if column.ty.ends_with("[]") {
                "text[]"
            } else {
                "text"
            };
            statements.push(format!(
                "alter table {} alter column {} type {} using {}::{text}::{}",
                new.name,
                ident(name),
                column.ty,
                ident(name),
                column.ty
            ));
        }
    }
    statements
}

/// Ends what [`alter_enum`] began, when no column has the old type any more.
pub(super) fn drop_outgoing(key: &Key) -> String {
    format!("drop type {}.{}", ident(&key.schema), ident(&outgoing(key)))
}

fn outgoing(key: &Key) -> String {
    format!("{}__outgoing", key.identity)
}

pub(super) fn alter_composite(head: &str, old: &[(String, String)], new: &[(String, String)]) -> Vec<String> {
    let mut changes = Vec::new();
    for (name, _) in old
        .iter()
        .filter(|(name, _)| !new.iter().any(|(other, _)| other == name))
    {
        changes.push(format!("drop attribute {}", ident(name)));
    }
    for (name, ty) in new {
        match old.iter().find(|(other, _)| other == name) {
            None => changes.push(format!("add attribute {} {ty}", ident(name))),
            Some((_, before)) if before != ty => {
                changes.push(format!("alter attribute {} type {ty}", ident(name)));
            }
            Some(_) => {}
        }
    }
    changes
        .into_iter()
        .map(|change| format!("alter {head} {change} cascade"))
        .collect()
}

/// `head` is `create domain … as …`.
pub(super) fn alter_domain(head: &str, old: &Domain, new: &Domain) -> Vec<String> {
    let name = head.trim_start_matches("create domain ");
    let name = name.split_once(" as ").map_or(name, |(name, _)| name);
    let mut changes = Vec::new();
    for (constraint, definition) in &old.constraints {
        if new.constraints.get(constraint) != Some(definition) {
            changes.push(format!("drop constraint {}", ident(constraint)));
        }
    }
    if old.default != new.default {
        changes.push(match &new.default {
            Some(default) => format!("set default {default}"),
            None => "drop default".to_owned(),
        });
    }
    if old.is_required != new.is_required {
        changes.push(format!(
            "{} not null",
            if new.is_required { "set" } else { "drop" }
        ));
    }
    for (constraint, definition) in &new.constraints {
        if old.constraints.get(constraint) != Some(definition) {
            changes.push(format!("add constraint {} {definition}", ident(constraint)));
        }
    }
    changes
        .into_iter()
        .map(|change| format!("alter domain {name} {change}"))
        .collect()
}

fn list(labels: &[String]) -> String {
    let labels: Vec<String> = labels.iter().map(|label| literal(label).to_string()).collect();
    labels.join(", ")
}
