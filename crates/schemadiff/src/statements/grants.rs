//! Privileges: what is given and should not be, and the other way round.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Grant, Key, Kind, Object, Snapshot};

/// Brings the privileges of an object to what they should be. A new one has those that objects are given when they are made.
pub(super) fn change(from: &Snapshot, key: &Key, before: Option<&Object>, after: &Object) -> Vec<String> {
    let Some(after) = &after.grants else {
        return Vec::new();
    };
    let given = match before {
        Some(before) => before
            .grants
            .as_ref()
            .map(|grants| grants.given.clone())
            .unwrap_or_default(),
        None => at_first(from, key),
    };
    let surplus = given.difference(&after.given);
    let lacking = after.given.difference(&given);
    let mut statements = Vec::new();
    for ((role, _), privileges) in by_role(surplus) {
        statements.push(format!("revoke {privileges} on {} from {role}", after.target));
    }
    for ((role, may_be_passed_on), privileges) in by_role(lacking) {
        let option = if may_be_passed_on {
            " with grant option"
        } else {
            ""
        };
        statements.push(format!(
            "grant {privileges} on {} to {role}{option}",
            after.target
        ));
    }
    statements
}

fn by_role<'g>(grants: impl Iterator<Item = &'g Grant>) -> BTreeMap<(&'g str, bool), String> {
    let mut roles: BTreeMap<(&str, bool), String> = BTreeMap::new();
    for grant in grants {
        let privileges = roles.entry((&grant.to, grant.may_be_passed_on)).or_default();
        if !privileges.is_empty() {
            privileges.push_str(", ");
        }
        privileges.push_str(&grant.privilege);
    }
    roles
}

fn at_first(from: &Snapshot, key: &Key) -> BTreeSet<Grant> {
    let (kind, everybody) = match key.kind {
        Kind::Table | Kind::View => ('r', None),
        Kind::Sequence => ('S', None),
        Kind::Function => ('f', Some("execute")),
        Kind::Type => ('T', Some("usage")),
        Kind::Schema => ('n', None),
        _ => return BTreeSet::new(),
    };
    let built_in = || {
        let privilege = everybody.map(|privilege| Grant {
            to: "public".to_owned(),
            may_be_passed_on: false,
            privilege: privilege.to_owned(),
        });
        privilege.into_iter().collect()
    };
    let general = from.default_grants.get(&(kind, String::new()));
    let mut grants = general.cloned().unwrap_or_else(built_in);
    grants.extend(
        from.default_grants
            .get(&(kind, key.schema.clone()))
            .into_iter()
            .flatten()
            .cloned(),
    );
    grants
}
