//! The types of the schema cache. Names are shared (`Arc<str>`): a table's name occurs in many places.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

/// A name; cheap to clone.
pub type Name = Arc<str>;

/// Object id of a type.
pub type Oid = u32;

/// A name with its schema.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QualifiedName {
    /// Schema.
    pub schema: Name,
    /// Name in it.
    pub name: Name,
}

impl QualifiedName {
    /// A name with its schema.
    pub fn new(schema: &str, name: &str) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
        }
    }
}

/// Everything that the planner looks up.
#[derive(Debug, Default)]
pub struct SchemaCache {
    /// Relations of the exposed schemas and of the extra search path (views there carry keys onwards); partitions left out.
    pub relations: HashMap<QualifiedName, Relation>,
    /// Relationships by the relation that they start from, in a stable order.
    pub relationships: HashMap<QualifiedName, Vec<Relationship>>,
    /// Functions of the exposed schemas; overloads in a stable order.
    pub routines: HashMap<QualifiedName, Vec<Routine>>,
    /// Casts that domains bring along, by the domain's type.
    pub representations: HashMap<Oid, Representation>,
    /// Producers of media types.
    pub media_handlers: HashMap<MediaHandlerKey, MediaHandler>,
    /// What the exposed schemas' comments say, for the root document.
    pub schema_descriptions: HashMap<Name, String>,
    /// Settings of roles (`ALTER ROLE … SET`) that the login is a member of, of those that an ordinary user may set.
    pub role_settings: HashMap<Name, RoleSettings>,
}

/// Settings of one role.
#[derive(Debug, Default, Clone)]
pub struct RoleSettings {
    /// Name and value, isolation level excepted.
    pub settings: Vec<(Name, String)>,
    /// `default_transaction_isolation`, lower case as PostgreSQL spells it (`repeatable read`).
    pub isolation: Option<Name>,
}

/// A table, view, materialized view, foreign or partitioned table.
#[derive(Debug)]
pub struct Relation {
    /// Where it is.
    pub name: QualifiedName,
    /// Its comment.
    pub description: Option<String>,
    /// A view or materialized view.
    pub is_view: bool,
    /// Takes INSERT (views: by rule, trigger or being simple).
    pub insertable: bool,
    /// Takes UPDATE.
    pub updatable: bool,
    /// Takes DELETE.
    pub deletable: bool,
    /// Columns of the primary key, sorted by name; of a view: those of its base table when the view has all of them.
    pub primary_key: Vec<Name>,
    /// Columns in the order of the table.
    pub columns: IndexMap<Name, Column>,
}

/// A column.
#[derive(Debug)]
pub struct Column {
    /// Name.
    pub name: Name,
    /// Its comment.
    pub description: Option<String>,
    /// Takes null.
    pub nullable: bool,
    /// The type, domains resolved to their base type, schema-qualified unless in `pg_catalog` (`character varying`).
    pub base_type: Name,
    /// The declared type with its modifiers, schema-qualified unless in `pg_catalog` (`character varying(10)`, `test.color`).
    pub declared_type: Name,
    /// The declared type.
    pub type_oid: Oid,
    /// Base type of the declared type (domains resolved).
    pub base_oid: Oid,
    /// The base type is composite or an array: a JSON path into it needs `to_jsonb`. (False for json and jsonb and scalars.)
    pub is_structured: bool,
    /// Longest text, where the type says so.
    pub max_length: Option<i32>,
    /// Default expression as PostgreSQL prints it; identity columns: a `nextval` expression of their sequence.
    pub default: Option<String>,
    /// `GENERATED ALWAYS AS (…) STORED` or `GENERATED ALWAYS AS IDENTITY`: may only be written as DEFAULT.
    pub is_generated: bool,
    /// Labels of an enumeration.
    pub enum_values: Vec<String>,
}

/// A way from one relation to another.
#[derive(Debug, Clone)]
pub enum Relationship {
    /// By foreign keys.
    ForeignKey(ForeignKeyRelationship),
    /// By a function of the row.
    Computed(ComputedRelationship),
}

/// A relationship that a foreign key, or two of them, make.
#[derive(Debug, Clone)]
pub struct ForeignKeyRelationship {
    /// Where it starts.
    pub origin: QualifiedName,
    /// Where it leads.
    pub target: QualifiedName,
    /// How rows belong together.
    pub cardinality: Cardinality,
    /// Starts and ends at one relation.
    pub is_self: bool,
    /// The start is a view.
    pub origin_is_view: bool,
    /// The end is a view.
    pub target_is_view: bool,
}

/// How rows of two relations belong together. Pairs of columns: origin's first, target's second, in the constraint's order.
#[derive(Debug, Clone)]
pub enum Cardinality {
    /// The origin has the foreign key.
    ManyToOne {
        /// Name of the foreign key.
        constraint: Name,
        /// Columns.
        columns: Vec<(Name, Name)>,
    },
    /// The target has the foreign key.
    OneToMany {
        /// Name of the foreign key.
        constraint: Name,
        /// Columns.
        columns: Vec<(Name, Name)>,
    },
    /// As the two above, and the foreign key's columns are a key of their own.
    OneToOne {
        /// Name of the foreign key.
        constraint: Name,
        /// Columns.
        columns: Vec<(Name, Name)>,
        /// The target has the foreign key.
        target_has_key: bool,
    },
    /// Through a junction.
    ManyToMany(Junction),
}

/// The table between two others.
#[derive(Debug, Clone)]
pub struct Junction {
    /// The table.
    pub table: QualifiedName,
    /// Its foreign key to the origin.
    pub origin_constraint: Name,
    /// Its foreign key to the target.
    pub target_constraint: Name,
    /// Origin's column, junction's column.
    pub origin_columns: Vec<(Name, Name)>,
    /// Target's column, junction's column.
    pub target_columns: Vec<(Name, Name)>,
}

/// A relationship that a function computes.
#[derive(Debug, Clone)]
pub struct ComputedRelationship {
    /// The function; its name is the embed's target.
    pub function: QualifiedName,
    /// Relation whose row it takes.
    pub origin: QualifiedName,
    /// Relation whose rows it returns.
    pub target: QualifiedName,
    /// Returns at most one row.
    pub to_one: bool,
    /// Starts and ends at one relation.
    pub is_self: bool,
}

/// A function.
#[derive(Debug)]
pub struct Routine {
    /// Where it is.
    pub name: QualifiedName,
    /// Its comment.
    pub description: Option<String>,
    /// Parameters that a caller gives (IN, INOUT, VARIADIC), in order.
    pub parameters: Vec<Parameter>,
    /// What comes back.
    pub returns: Returns,
    /// Whether it may write.
    pub volatility: Volatility,
    /// Its last parameter is variadic.
    pub is_variadic: bool,
    /// Isolation level that its settings ask for, lower case as PostgreSQL spells it.
    pub isolation: Option<Name>,
    /// Its own settings (`ALTER FUNCTION … SET`), isolation level excepted; the planner keeps those that are hoisted.
    pub settings: Vec<(Name, String)>,
}

/// A parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Name; empty when it has none.
    pub name: Name,
    /// Type, schema-qualified unless in `pg_catalog`.
    pub type_name: Name,
    /// Type without a length that would cut values (`character` → `character varying`, `bit` → `bit varying`), for casts.
    pub cast_type: Name,
    /// Has no default.
    pub required: bool,
    /// Takes all remaining values.
    pub variadic: bool,
}

/// What a function returns.
#[derive(Debug)]
pub struct Returns {
    /// `SETOF` or `TABLE(…)`.
    pub is_set: bool,
    /// One row's value.
    pub value: ReturnValue,
}

/// The value that a function returns, or each of its rows.
#[derive(Debug)]
pub enum ReturnValue {
    /// `void`
    Void,
    /// One value.
    Scalar {
        /// Type (domains as themselves).
        type_name: QualifiedName,
    },
    /// Columns.
    Composite {
        /// The row type; for `record`, `TABLE(…)` and several OUT parameters `pg_catalog.record`. A domain over a row type: that row type.
        type_name: QualifiedName,
        /// The return type is a domain over a row type (an alias of it).
        is_alias: bool,
    },
}

/// Whether a function may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volatility {
    /// It may.
    Volatile,
    /// It reads.
    Stable,
    /// It computes.
    Immutable,
}

/// Casts of a domain that are done by functions and are implicit (rest.md section 20).
#[derive(Debug, Default, Clone)]
pub struct Representation {
    /// `domain → json`
    pub to_json: Option<QualifiedName>,
    /// `json → domain`
    pub from_json: Option<QualifiedName>,
    /// `text → domain`
    pub from_text: Option<QualifiedName>,
}

/// What a media handler serves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MediaHandlerKey {
    /// A relation (aggregates) or a function (scalar functions); `None` = rows of any relation or function.
    pub target: Option<QualifiedName>,
    /// The domain's name, lower case (`text/html`, `*/*`).
    pub media_type: String,
}

/// A producer of a media type.
#[derive(Debug, Clone)]
pub enum MediaHandler {
    /// The function that is called answers in this type itself.
    Routine,
    /// This aggregate makes the body of the rows.
    Aggregate {
        /// The aggregate.
        function: QualifiedName,
        /// Its argument's row type; `None` = any element.
        row_type: Option<QualifiedName>,
    },
}
