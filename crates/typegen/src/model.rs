//! What the writers know of a database. Everything is in the order of names, since identifiers differ between databases that are
//! otherwise equal.

use std::collections::HashMap;

use crate::collation::Collation;

/// Identifies a row of a system catalog.
pub(crate) type Oid = u32;

/// The parts of a database that types are made of. Types are those of all schemas, the rest is of the chosen ones.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) schemas: Vec<String>,
    pub(crate) relations: Vec<Relation>,
    pub(crate) relationships: Vec<Relationship>,
    pub(crate) functions: Vec<Function>,
    pub(crate) types: Vec<Type>,
    pub(crate) by_oid: HashMap<Oid, usize>,
}

/// What a relation is. The order is the one in which names are resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RelationKind {
    /// A plain or partitioned table, or a partition.
    Table,
    ForeignTable,
    View,
    MaterializedView,
}

impl RelationKind {
    pub(crate) fn is_table(self) -> bool {
        matches!(self, Self::Table | Self::ForeignTable)
    }
}

/// A table or view.
#[derive(Debug)]
pub(crate) struct Relation {
    pub(crate) oid: Oid,
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) kind: RelationKind,
    /// Of a view: whether rows can be inserted and updated, by itself or by triggers and rules.
    pub(crate) accepts_insert: bool,
    pub(crate) accepts_update: bool,
    pub(crate) columns: Vec<Column>,
}

/// A column of a relation.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// Its type; of a domain the one below it.
    pub(crate) type_name: String,
    pub(crate) type_schema: String,
    pub(crate) is_nullable: bool,
    pub(crate) is_identity: bool,
    pub(crate) has_default: bool,
    /// Values are never given: generated, or identity `always`.
    pub(crate) is_computed: bool,
    /// Of a view: whether values can be written.
    pub(crate) is_updatable: bool,
}

/// A function. Those for triggers are left out.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) oid: Oid,
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) arguments: Vec<Argument>,
    /// As PostgreSQL writes the arguments, with their defaults.
    pub(crate) signature: String,
    /// The same without defaults.
    pub(crate) identity: String,
    /// As PostgreSQL writes the result.
    pub(crate) result: String,
    pub(crate) return_type: Oid,
    /// The relation or composite type whose rows are returned.
    pub(crate) return_relation: Option<Oid>,
    pub(crate) returns_set: bool,
    /// The planner's estimate; `None` where there is none.
    pub(crate) rows: Option<f32>,
}

/// How an argument travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArgumentMode {
    In,
    Out,
    InOut,
    Variadic,
    /// A column of `returns table`.
    Table,
}

/// An argument of a function.
#[derive(Debug, Clone)]
pub(crate) struct Argument {
    pub(crate) mode: ArgumentMode,
    /// Empty when it has none.
    pub(crate) name: String,
    pub(crate) type_oid: Oid,
    pub(crate) has_default: bool,
}

impl Argument {
    /// Whether callers give it.
    pub(crate) fn is_input(&self) -> bool {
        matches!(
            self.mode,
            ArgumentMode::In | ArgumentMode::InOut | ArgumentMode::Variadic
        )
    }
}

/// A type of the database.
#[derive(Debug)]
pub(crate) struct Type {
    pub(crate) oid: Oid,
    pub(crate) schema: String,
    pub(crate) name: String,
    /// As PostgreSQL writes it: with its schema where that is not on the search path.
    pub(crate) written: String,
    /// Labels of an enum, in their order.
    pub(crate) labels: Vec<String>,
    /// Names and types of a composite type's attributes, in their order.
    pub(crate) attributes: Vec<(String, Oid)>,
    /// Of a composite type, or of the rows of a relation.
    pub(crate) relation: Option<Oid>,
    /// Of a domain, the type below it.
    pub(crate) base: Option<Oid>,
    /// Of an array, its elements' type.
    pub(crate) element: Option<Oid>,
}

/// A foreign key, or one as seen through views.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relationship {
    pub(crate) name: String,
    pub(crate) schema: String,
    pub(crate) relation: String,
    pub(crate) columns: Vec<String>,
    pub(crate) is_one_to_one: bool,
    pub(crate) referenced_schema: String,
    pub(crate) referenced_relation: String,
    pub(crate) referenced_columns: Vec<String>,
}

impl Catalog {
    /// A type by its identity.
    pub(crate) fn type_of(&self, oid: Oid) -> Option<&Type> {
        self.types.get(*self.by_oid.get(&oid)?)
    }

    /// A type by its name.
    pub(crate) fn type_named(&self, schema: &str, name: &str) -> Option<&Type> {
        let mut types = self.types.iter();
        types.find(|found| found.name == name && found.schema == schema)
    }

    /// A type whose values are rows, by its identity.
    pub(crate) fn row_type(&self, oid: Oid) -> Option<&Type> {
        self.type_of(oid).filter(|found| found.relation.is_some())
    }

    /// Enums of a schema.
    pub(crate) fn enums(&self, schema: &str) -> impl Iterator<Item = &Type> {
        let types = self.types.iter();
        types.filter(move |found| found.schema == schema && !found.labels.is_empty())
    }

    /// Puts everything into its order.
    pub(crate) fn sort(&mut self) {
        let collation = Collation::english();
        let compare = |a: &str, b: &str| collation.compare(a, b);
        self.schemas.sort_by(|a, b| compare(a, b));
        self.relations.sort_by(|a, b| {
            compare(&a.schema, &b.schema)
                .then_with(|| compare(&a.name, &b.name))
                .then_with(|| a.kind.cmp(&b.kind))
        });
        for relation in &mut self.relations {
            relation.columns.sort_by(|a, b| compare(&a.name, &b.name));
        }
        self.relationships.sort_by(|a, b| {
            compare(&a.name, &b.name)
                .then_with(|| compare(&a.referenced_relation, &b.referenced_relation))
                .then_with(|| {
                    let written = |columns: &[String]| serde_json::Value::from(columns).to_string();
                    compare(&written(&a.referenced_columns), &written(&b.referenced_columns))
                })
        });
        self.functions.sort_by(|a, b| {
            compare(&a.schema, &b.schema)
                .then_with(|| compare(&a.name, &b.name))
                .then_with(|| compare(&a.identity, &b.identity))
                .then_with(|| a.oid.cmp(&b.oid))
        });
        for function in &mut self.functions {
            function.arguments.sort_by(|a, b| compare(&a.name, &b.name));
        }
        self.types.sort_by(|a, b| {
            compare(&a.schema, &b.schema)
                .then_with(|| compare(&a.name, &b.name))
                .then_with(|| a.oid.cmp(&b.oid))
        });
        self.by_oid = self
            .types
            .iter()
            .enumerate()
            .map(|(place, found)| (found.oid, place))
            .collect();
    }
}
