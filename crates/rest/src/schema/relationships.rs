//! The relationships that foreign keys make (rest.md section 6), between tables and the views that show their keys.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use ferrobase_sql::ColumnNumber;

use super::model::{
    Cardinality, ComputedRelationship, ForeignKeyRelationship, Junction, Name, Oid, QualifiedName, Relation,
    Relationship,
};

/// Most ways in which one view can show one key: every column that a view shows several times multiplies them.
const MOST_WAYS: usize = 64;

/// A foreign key of the database.
#[derive(Debug)]
pub(super) struct ForeignKey {
    /// The constraint.
    pub(super) constraint: Name,
    /// The relation that has it.
    pub(super) origin: KeySide,
    /// The relation that it references.
    pub(super) target: KeySide,
    /// Its columns are the columns of a primary key or unique constraint too.
    pub(super) is_unique: bool,
}

/// One side of a foreign key.
#[derive(Debug)]
pub(super) struct KeySide {
    pub(super) relation: Oid,
    pub(super) name: QualifiedName,
    /// Columns in the key's order.
    pub(super) columns: Vec<(i16, Name)>,
}

/// A view and what it shows of tables.
#[derive(Debug)]
pub(super) struct View {
    pub(super) name: QualifiedName,
    /// The view's columns that show a column of a table, in the view's order.
    pub(super) columns: HashMap<ColumnNumber, Vec<Name>>,
}

/// All that relationships are made of.
pub(super) struct Parts<'p> {
    pub(super) keys: &'p [ForeignKey],
    pub(super) views: &'p [View],
    pub(super) computed: Vec<ComputedRelationship>,
    pub(super) relations: &'p HashMap<QualifiedName, Relation>,
    /// Origin, target and junction must be in one of these schemas.
    pub(super) exposed: &'p [String],
}

/// The relationships by their origin, each list in an order that depends on nothing but the relationships.
pub(super) fn derive(parts: Parts<'_>) -> HashMap<QualifiedName, Vec<Relationship>> {
    let exposed: HashSet<&str> = parts.exposed.iter().map(String::as_str).collect();
    let is_exposed = |name: &QualifiedName| exposed.contains(&*name.schema);
    let references = references(&parts, is_exposed);
    let mut found: HashMap<QualifiedName, Vec<Relationship>> = HashMap::new();
    let mut add = |relationship: Relationship| match found.get_mut(origin(&relationship)) {
        Some(list) => list.push(relationship),
        None => {
            found.insert(origin(&relationship).clone(), vec![relationship]);
        }
    };
    for reference in &references {
        add(Relationship::ForeignKey(reference.forwards()));
        add(Relationship::ForeignKey(reference.backwards()));
    }
    for relationship in many_to_many(&references, parts.relations) {
        add(Relationship::ForeignKey(relationship));
    }
    for computed in parts.computed {
        if is_exposed(&computed.origin) && is_exposed(&computed.target) {
            add(Relationship::Computed(computed));
        }
    }
    for list in found.values_mut() {
        list.sort_by(order);
        list.shrink_to_fit();
    }
    found
}

fn origin(relationship: &Relationship) -> &QualifiedName {
    match relationship {
        Relationship::ForeignKey(key) => &key.origin,
        Relationship::Computed(computed) => &computed.origin,
    }
}

/// A relation that has, or shows, one side of a key.
#[derive(Clone)]
struct Showing<'p> {
    name: &'p QualifiedName,
    is_view: bool,
    columns: Vec<Name>,
}

/// A foreign key between two relations, each of which has or shows its side of it.
struct Reference<'p> {
    key: &'p ForeignKey,
    origin: Showing<'p>,
    target: Showing<'p>,
}

impl Reference<'_> {
    /// From the side that has the key.
    fn forwards(&self) -> ForeignKeyRelationship {
        let constraint = self.key.constraint.clone();
        let columns = pairs(&self.origin.columns, &self.target.columns);
        let cardinality = if self.key.is_unique {
            Cardinality::OneToOne {
                constraint,
                columns,
                target_has_key: false,
            }
        } else {
            Cardinality::ManyToOne { constraint, columns }
        };
        between(&self.origin, &self.target, cardinality)
    }

    /// From the side that is referenced.
    fn backwards(&self) -> ForeignKeyRelationship {
        let constraint = self.key.constraint.clone();
        let columns = pairs(&self.target.columns, &self.origin.columns);
        let cardinality = if self.key.is_unique {
            Cardinality::OneToOne {
                constraint,
                columns,
                target_has_key: true,
            }
        } else {
            Cardinality::OneToMany { constraint, columns }
        };
        between(&self.target, &self.origin, cardinality)
    }
}

fn between(origin: &Showing<'_>, target: &Showing<'_>, cardinality: Cardinality) -> ForeignKeyRelationship {
    ForeignKeyRelationship {
        origin: origin.name.clone(),
        target: target.name.clone(),
        cardinality,
        is_self: origin.name == target.name,
        origin_is_view: origin.is_view,
        target_is_view: target.is_view,
    }
}

fn pairs(one: &[Name], other: &[Name]) -> Vec<(Name, Name)> {
    one.iter().cloned().zip(other.iter().cloned()).collect()
}

/// Every foreign key between the relations that have or show its sides: table to table, view to table, table to view, view
/// to view.
fn references<'p>(parts: &Parts<'p>, is_exposed: impl Fn(&QualifiedName) -> bool) -> Vec<Reference<'p>> {
    let mut views_of: HashMap<Oid, Vec<&View>> = HashMap::new();
    for view in parts.views.iter().filter(|view| is_exposed(&view.name)) {
        let tables: HashSet<Oid> = view.columns.keys().map(|(table, _)| *table).collect();
        for table in tables {
            views_of.entry(table).or_default().push(view);
        }
    }
    let mut found = Vec::new();
    for key in parts.keys {
        let mut targets = showing(&key.target, &views_of);
        targets.retain(|target| is_exposed(target.name));
        for origin in showing(&key.origin, &views_of) {
            if is_exposed(origin.name) {
                found.extend(targets.iter().map(|target| Reference {
                    key,
                    origin: origin.clone(),
                    target: target.clone(),
                }));
            }
        }
    }
    found
}

/// The table of one side of a key, and the views that show all its columns.
fn showing<'p>(side: &'p KeySide, views_of: &HashMap<Oid, Vec<&'p View>>) -> Vec<Showing<'p>> {
    let mut found = vec![Showing {
        name: &side.name,
        is_view: false,
        columns: side.columns.iter().map(|(_, name)| name.clone()).collect(),
    }];
    for view in views_of.get(&side.relation).into_iter().flatten() {
        let ways = ways(side, view).into_iter().map(|columns| Showing {
            name: &view.name,
            is_view: true,
            columns,
        });
        found.extend(ways);
    }
    found
}

/// The columns of `view` that show the key's, in every combination where a column is shown several times.
fn ways(side: &KeySide, view: &View) -> Vec<Vec<Name>> {
    let mut ways = vec![Vec::new()];
    for (number, _) in &side.columns {
        let Some(shown) = view.columns.get(&(side.relation, *number)) else {
            return Vec::new();
        };
        ways = ways
            .iter()
            .flat_map(|way| {
                shown
                    .iter()
                    .map(|name| [&way[..], std::slice::from_ref(name)].concat())
            })
            .take(MOST_WAYS)
            .collect();
    }
    ways
}

/// Through relations with two foreign keys whose columns belong to the primary key. A key that is unique by itself makes
/// no junction: nothing could be joined to more than one row.
fn many_to_many(
    references: &[Reference<'_>],
    relations: &HashMap<QualifiedName, Relation>,
) -> Vec<ForeignKeyRelationship> {
    let mut by_junction: HashMap<&QualifiedName, Vec<&Reference<'_>>> = HashMap::new();
    for reference in references.iter().filter(|reference| !reference.key.is_unique) {
        let Some(relation) = relations.get(reference.origin.name) else {
            continue;
        };
        let mut columns = reference.origin.columns.iter();
        if columns.all(|column| relation.primary_key.contains(column)) {
            by_junction
                .entry(reference.origin.name)
                .or_default()
                .push(reference);
        }
    }
    let mut found = Vec::new();
    for legs in by_junction.into_values() {
        for one in &legs {
            let others = legs
                .iter()
                .filter(|other| other.key.constraint != one.key.constraint);
            found.extend(others.map(|other| through(one, other)));
        }
    }
    found
}

/// Two foreign keys of one junction.
fn through(one: &Reference<'_>, other: &Reference<'_>) -> ForeignKeyRelationship {
    let junction = Junction {
        table: one.origin.name.clone(),
        origin_constraint: one.key.constraint.clone(),
        target_constraint: other.key.constraint.clone(),
        origin_columns: pairs(&one.target.columns, &one.origin.columns),
        target_columns: pairs(&other.target.columns, &other.origin.columns),
    };
    between(&one.target, &other.target, Cardinality::ManyToMany(junction))
}

/// PostgREST's order, in which an ambiguity's candidates are listed: by target; one-to-many, many-to-one, one-to-one,
/// many-to-many; by name of the constraint. Computed ones come last.
fn order(one: &Relationship, other: &Relationship) -> Ordering {
    match (one, other) {
        (Relationship::ForeignKey(one), Relationship::ForeignKey(other)) => (&one.target, one.is_self)
            .cmp(&(&other.target, other.is_self))
            .then_with(|| rank(&one.cardinality).cmp(&rank(&other.cardinality)))
            .then_with(|| {
                (one.origin_is_view, one.target_is_view).cmp(&(other.origin_is_view, other.target_is_view))
            }),
        (Relationship::Computed(one), Relationship::Computed(other)) => {
            (&one.function, &one.target).cmp(&(&other.function, &other.target))
        }
        (Relationship::ForeignKey(_), Relationship::Computed(_)) => Ordering::Less,
        (Relationship::Computed(_), Relationship::ForeignKey(_)) => Ordering::Greater,
    }
}

type Rank<'c> = (
    u8,
    Option<&'c QualifiedName>,
    [&'c str; 2],
    [&'c [(Name, Name)]; 2],
    bool,
);

fn rank(cardinality: &Cardinality) -> Rank<'_> {
    match cardinality {
        Cardinality::OneToMany { constraint, columns } => (0, None, [constraint, ""], [columns, &[]], false),
        Cardinality::ManyToOne { constraint, columns } => (1, None, [constraint, ""], [columns, &[]], false),
        Cardinality::OneToOne {
            constraint,
            columns,
            target_has_key,
        } => (2, None, [constraint, ""], [columns, &[]], *target_has_key),
        Cardinality::ManyToMany(junction) => (
            3,
            Some(&junction.table),
            [&junction.origin_constraint, &junction.target_constraint],
            [&junction.origin_columns, &junction.target_columns],
            false,
        ),
    }
}

#[cfg(test)]
mod tests;
