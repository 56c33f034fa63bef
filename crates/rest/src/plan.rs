//! What a request means against the schema cache: names became relations, columns, relationships and functions
//! (rest.md sections 3 to 8 and 12 to 14). A plan knows no SQL.

use ferrobase_query::{Aggregate, Connective, Direction, Embed, JsonStep, Nulls, Operation};

use crate::request::Range;
use crate::schema::{Name, QualifiedName};

mod aliases;
mod attach;
mod call;
mod filters;
mod mutation;
mod negotiate;
mod plain_values;
mod read;
mod relationship;
mod similar;

pub use call::{Argument, CallPlan, CallValues};
pub use mutation::{Conflict, MutationPlan, Values, WriteColumn};
pub use negotiate::Producer;
pub use plain_values::PlainValue;
pub use read::Planner;

/// Rows and what is shown of them.
#[derive(Debug)]
pub struct ReadPlan {
    /// Where the rows come from.
    pub source: Source,
    /// The relation that they are rows of; `None` for a function's own columns.
    pub relation: Option<QualifiedName>,
    /// The name of the rows in the statement.
    pub alias: String,
    /// What is shown, in order.
    pub items: Vec<Item>,
    /// Related rows.
    pub embeds: Vec<EmbedPlan>,
    /// Conditions that all hold.
    pub conditions: Vec<Condition>,
    /// The order.
    pub order: Vec<Order>,
    /// Which of the rows.
    pub range: Range,
    /// Items that are no aggregates are grouped by.
    pub is_grouped: bool,
    /// Related rows are shown as `jsonb`, which prints differently: where rows are shown as text.
    pub embeds_as_jsonb: bool,
}

/// Where rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A relation.
    Relation(QualifiedName),
    /// What a write returned, or what a function returned.
    Result,
}

/// One thing that is shown.
#[derive(Debug)]
pub enum Item {
    /// Every column.
    Star,
    /// A column, or something computed from it.
    Column(Column),
    /// An aggregate, of a column or of the rows.
    Aggregate {
        /// The function.
        function: Aggregate,
        /// What of; `None` = the rows.
        of: Option<Column>,
        /// Type that the result is cast to.
        cast: Option<String>,
        /// Key.
        key: String,
    },
    /// Related rows as JSON under a key: index into `embeds`.
    Embed(usize),
    /// Columns of related rows: index into `embeds`.
    Spread(usize),
}

/// A column as it is shown.
#[derive(Debug, Clone)]
pub struct Column {
    /// What it is.
    pub field: PlannedField,
    /// Type that it is cast to.
    pub cast: Option<String>,
    /// Key; `None` = the column's own name.
    pub key: Option<String>,
}

impl Column {
    /// The key under which it is shown.
    pub fn shown_as(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.field.name)
    }
}

/// A column and the path into it, with what its type asks for.
#[derive(Debug, Clone)]
pub struct PlannedField {
    /// Name of the column.
    pub name: String,
    /// Path into it.
    pub path: Vec<JsonStep>,
    /// The path needs a conversion to JSON first.
    pub to_jsonb: bool,
    /// Function that shows it.
    pub shown_by: Option<QualifiedName>,
    /// Function that reads a text to compare it with.
    pub read_by: Option<QualifiedName>,
    /// It is a text search vector.
    pub is_vector: bool,
}

/// Something that rows must fulfil.
#[derive(Debug)]
pub enum Condition {
    /// A comparison.
    Filter {
        /// What is compared.
        field: PlannedField,
        /// The opposite.
        negated: bool,
        /// How.
        operation: Operation,
    },
    /// Several.
    Group {
        /// The opposite.
        negated: bool,
        /// How they are joined.
        connective: Connective,
        /// Them.
        conditions: Vec<Condition>,
    },
    /// There are related rows, or there are none: index into `embeds`.
    Embedded {
        /// Which.
        embed: usize,
        /// There are some.
        exists: bool,
    },
}

/// One part of an order.
#[derive(Debug)]
pub struct Order {
    /// What decides.
    pub by: OrderBy,
    /// Direction.
    pub direction: Option<Direction>,
    /// Where nulls stand.
    pub nulls: Option<Nulls>,
}

/// What decides an order.
#[derive(Debug)]
pub enum OrderBy {
    /// A column of the rows.
    Field(PlannedField),
    /// A column of related rows.
    Embed {
        /// Index into `embeds`.
        embed: usize,
        /// Key or hidden key of the column there.
        key: String,
        /// Path into it.
        path: Vec<JsonStep>,
    },
}

/// Related rows.
#[derive(Debug)]
pub struct EmbedPlan {
    /// Key in the answer: alias, or target.
    pub key: String,
    /// Target as it was written.
    pub target: String,
    /// An alias was written.
    pub has_alias: bool,
    /// How they belong to the row.
    pub link: Link,
    /// At most one.
    pub to_one: bool,
    /// Rows without related ones are dropped.
    pub is_inner: bool,
    /// Their columns become the row's.
    pub is_spread: bool,
    /// Nothing of them is shown.
    pub is_hidden: bool,
    /// Name of the join in the statement.
    pub join: String,
    /// Columns that are only there for an order: key and column.
    pub hidden: Vec<(String, PlannedField)>,
    /// Aggregates that the row itself computes of the related rows' columns.
    pub hoisted: Vec<Hoisted>,
    /// The rows.
    pub plan: ReadPlan,
}

/// An aggregate that was written inside a spread and is computed outside of it.
#[derive(Debug, Clone)]
pub struct Hoisted {
    /// The function.
    pub function: Aggregate,
    /// Key of the column in the related rows.
    pub column: String,
    /// Type that the result is cast to.
    pub cast: Option<String>,
    /// Key.
    pub key: String,
}

/// How related rows belong to a row.
#[derive(Debug, Clone)]
pub enum Link {
    /// Columns are equal: those of the row, those of the related rows.
    Columns(Vec<(Name, Name)>),
    /// A table in between.
    Junction {
        /// The table.
        table: QualifiedName,
        /// The row's columns, the table's columns.
        origin: Vec<(Name, Name)>,
        /// The related rows' columns, the table's columns.
        target: Vec<(Name, Name)>,
    },
    /// A function of the row.
    Function {
        /// The function.
        function: QualifiedName,
        /// The relation whose row it takes.
        row_type: QualifiedName,
    },
}

/// Where the planner stands while it follows `select`.
#[derive(Clone, Copy)]
struct Place<'p> {
    /// Depth below the root.
    depth: usize,
    /// Names that rows further up have in the statement.
    ancestors: &'p [String],
    /// The embed's own `select`.
    embed: Option<&'p Embed>,
    /// The rows are spread into their parent, one to one.
    spread_to_one: bool,
    /// A to-many spread is around it.
    in_spread_to_many: bool,
}

/// The key of an aggregate without an alias, and its name in SQL.
pub(crate) fn aggregate_name(function: Aggregate) -> &'static str {
    match function {
        Aggregate::Sum => "sum",
        Aggregate::Avg => "avg",
        Aggregate::Count => "count",
        Aggregate::Max => "max",
        Aggregate::Min => "min",
    }
}
