//! What is compared: objects with an identity, how they depend on each other, and how each is made and removed.

use std::collections::{BTreeMap, BTreeSet};

/// Kinds of objects, in the order in which they are made where nothing else decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Schema,
    Extension,
    Type,
    Sequence,
    Function,
    Table,
    SequenceOwner,
    Default,
    View,
    Constraint,
    Index,
    ForeignKey,
    Trigger,
    Policy,
    Publication,
    PublishedTable,
    ColumnGrant,
    Comment,
}

/// What an object is known by in both databases.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) kind: Kind,
    pub(crate) schema: String,
    /// Unique within kind and schema; for functions with the types of their arguments.
    pub(crate) identity: String,
}

/// Catalog and row of an object in one database.
pub(crate) type Address = (String, u32);

/// An object of one database.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    /// The object that it goes with.
    pub(crate) parent: Option<Key>,
    /// The statement that makes it; for tables and types what cannot be changed of them.
    pub(crate) create: String,
    pub(crate) drop: String,
    /// Who may do what, if anything can be granted.
    pub(crate) grants: Option<Grants>,
    pub(crate) detail: Detail,
}

/// What is compared piece by piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Detail {
    /// All is in the statement.
    Plain,
    Table(Box<Table>),
    /// The labels.
    Enum(Vec<String>),
    Domain(Domain),
    /// Attributes and their types.
    Composite(Vec<(String, String)>),
    /// What `create or replace` cannot change: arguments without their defaults, number of defaults, result.
    Function {
        fixed: String,
        defaults: i16,
    },
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Table {
    /// Quoted, with its schema.
    pub(crate) name: String,
    pub(crate) columns: BTreeMap<String, Column>,
    /// As the table lists them.
    pub(crate) order: Vec<String>,
    pub(crate) is_unlogged: bool,
    pub(crate) has_rls: bool,
    pub(crate) forces_rls: bool,
    /// `default`, `full`, `nothing`, or `using index …`.
    pub(crate) replica_identity: String,
    /// Of a partitioned table: `list (kind)` and the like.
    pub(crate) partitioned_by: Option<String>,
    /// Of a partition: its table, and for which values it is.
    pub(crate) partition_of: Option<(String, String)>,
    /// Tables that it inherits from.
    pub(crate) inherits: Vec<String>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) ty: String,
    /// The user's own type among those that are compared, if it is one or an array of one.
    pub(crate) own_type: Option<Key>,
    pub(crate) collation: Option<String>,
    pub(crate) is_required: bool,
    /// `always` or `by default`.
    pub(crate) identity: Option<String>,
    /// The expression of a generated column.
    pub(crate) generated: Option<String>,
    /// It comes from the table that this one inherits from.
    pub(crate) is_inherited: bool,
}

/// A domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Domain {
    pub(crate) is_required: bool,
    pub(crate) default: Option<String>,
    pub(crate) constraints: BTreeMap<String, String>,
}

/// Privileges of an object, those of its owner aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grants {
    /// `table "public"."a"`.
    pub(crate) target: String,
    pub(crate) given: BTreeSet<Grant>,
}

/// One privilege.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grant {
    /// A quoted role, or `public`.
    pub(crate) to: String,
    pub(crate) may_be_passed_on: bool,
    pub(crate) privilege: String,
}

/// That an object needs another, or one of its columns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Need {
    pub(crate) key: Key,
    /// Empty for the whole.
    pub(crate) column: String,
}

/// The schema of a database.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) objects: BTreeMap<Key, Object>,
    pub(crate) needs: BTreeMap<Key, BTreeSet<Need>>,
    /// What objects that are made get without being told: by kind of object and schema.
    pub(crate) default_grants: BTreeMap<(char, String), BTreeSet<Grant>>,
}

impl Snapshot {
    pub(crate) fn table(&self, key: &Key) -> Option<&Table> {
        match &self.objects.get(key)?.detail {
            Detail::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Objects that need `key`: all of it, or this column.
    pub(crate) fn dependents(&self, key: &Key, column: Option<&str>) -> impl Iterator<Item = &Key> {
        let is_broken =
            move |need: &Need| need.key == *key && column.is_none_or(|column| need.column == column);
        self.needs
            .iter()
            .filter(move |(_, needs)| needs.iter().any(is_broken))
            .map(|(dependent, _)| dependent)
    }
}
