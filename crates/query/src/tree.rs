//! The syntax tree of a query string (rest.md sections 3 to 9). It says what was written, not what it means: whether a
//! name is a column, a relation or a function is the planner's business.

/// Everything that one query string says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueryString {
    /// `select=`; `None` when it is absent or empty, which means every column.
    pub select: Option<Vec<SelectItem>>,
    /// Horizontal filters, in the order of the text.
    pub filters: Vec<Located<Filter>>,
    /// `and=`, `or=` and their negations, in the order of the text.
    pub logic: Vec<Located<LogicTree>>,
    /// `order=` of each level.
    pub orders: Vec<Located<Vec<OrderTerm>>>,
    /// `limit=` and `offset=` of each level.
    pub ranges: Vec<Located<Range>>,
    /// `columns=`.
    pub columns: Option<Vec<String>>,
    /// `on_conflict=`.
    pub on_conflict: Option<Vec<String>>,
    /// Pairs that are arguments of a function: only with [`Reading::Arguments`]. Repeated names are kept.
    pub arguments: Vec<(String, String)>,
    /// The same query in its canonical form for `Content-Location`: sorted by key, percent-encoded, the values of one key
    /// with a comma between them; without the question mark, empty when there is no pair.
    pub canonical: String,
}

/// How pairs are read whose value is no operator expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// They are mistakes (relations, and functions called by POST).
    Filters,
    /// They are arguments (functions called by GET or HEAD).
    Arguments,
}

/// Something that applies to the embed at `path` (names or aliases from the root down); the root's path is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Located<T> {
    /// Names of embeds.
    pub path: Vec<String>,
    /// What applies there.
    pub what: T,
}

/// One item of `select`.
#[derive(Debug, Clone, PartialEq)]
pub enum SelectItem {
    /// `*`
    Star,
    /// A column or an aggregate.
    Field(SelectField),
    /// `target(…)`
    Embed(Embed),
    /// `...target(…)`; its alias is always `None`.
    Spread(Embed),
}

/// `[alias:]field[::cast][.agg()[::cast]]`, or `[alias:]count()[::cast]`.
#[derive(Debug, Clone, PartialEq)]
pub struct SelectField {
    /// Key in the answer.
    pub alias: Option<String>,
    /// The column; `None` for a bare `count()`.
    pub field: Option<Field>,
    /// Type that the column is cast to.
    pub cast: Option<String>,
    /// Aggregate function; always `Count` for a bare `count()`.
    pub aggregate: Option<Aggregate>,
    /// Type that the aggregate is cast to.
    pub aggregate_cast: Option<String>,
}

/// `[alias:]target[!hint][!inner|!left](items)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Embed {
    /// Key in the answer.
    pub alias: Option<String>,
    /// Relation, foreign key, column or computed relationship.
    pub target: String,
    /// Tells relationships apart.
    pub hint: Option<String>,
    /// Kind of join, if it was written.
    pub join: Option<Join>,
    /// What is selected of it; may be empty.
    pub items: Vec<SelectItem>,
}

/// Kind of join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// Rows without a partner are dropped.
    Inner,
    /// They stay.
    Left,
}

/// Aggregate functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// `sum()`
    Sum,
    /// `avg()`
    Avg,
    /// `count()`
    Count,
    /// `max()`
    Max,
    /// `min()`
    Min,
}

/// A column and the path into it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    /// Name of the column, as PostgreSQL spells it.
    pub name: String,
    /// Steps into a JSON, composite or array value.
    pub path: Vec<JsonStep>,
}

/// One `->` or `->>` and what follows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JsonStep {
    /// `->>`: the value comes out as text.
    pub as_text: bool,
    /// Where the step leads.
    pub operand: JsonOperand,
}

/// Where a step into a value leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum JsonOperand {
    /// A key of an object.
    Key(String),
    /// An index into an array, as it was written (digits, perhaps with a minus sign).
    Index(String),
}

/// A condition on a field.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// What is compared; may name an embed when the operation is `is.null`.
    pub field: Field,
    /// `not.`
    pub negated: bool,
    /// How it is compared.
    pub operation: Operation,
}

/// An operator and its operand.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Operators that take `(any)` and `(all)`.
    Compare {
        /// The operator.
        operator: Comparison,
        /// `(any)` or `(all)`: the value is then an array literal.
        quantifier: Option<Quantifier>,
        /// The value as it was written (`*` not yet replaced).
        value: String,
    },
    /// Operators that do not.
    Simple {
        /// The operator.
        operator: SimpleOperator,
        /// The value as it was written.
        value: String,
    },
    /// `in.(…)`: the elements. `in.()` has one empty element.
    In(Vec<String>),
    /// `is.…`
    Is(Is),
    /// `isdistinct.…`
    IsDistinct(String),
    /// Full-text search.
    TextSearch {
        /// Which function makes the query.
        kind: TextSearch,
        /// Text search configuration.
        language: Option<String>,
        /// The query.
        value: String,
    },
}

/// Comparisons that may be quantified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `eq`
    Equal,
    /// `gte`
    GreaterOrEqual,
    /// `gt`
    Greater,
    /// `lte`
    LessOrEqual,
    /// `lt`
    Less,
    /// `like`
    Like,
    /// `ilike`
    ILike,
    /// `match`
    Match,
    /// `imatch`
    IMatch,
}

/// `(any)` or `(all)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// At least one element fits.
    Any,
    /// Every element fits.
    All,
}

/// Operators that cannot be quantified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SimpleOperator {
    /// `neq`
    NotEqual,
    /// `cs`
    Contains,
    /// `cd`
    ContainedBy,
    /// `ov`
    Overlaps,
    /// `sl`
    StrictlyLeft,
    /// `sr`
    StrictlyRight,
    /// `nxr`
    NotRight,
    /// `nxl`
    NotLeft,
    /// `adj`
    Adjacent,
}

/// What `is` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Is {
    /// `null`
    Null,
    /// `not_null`
    NotNull,
    /// `true`
    True,
    /// `false`
    False,
    /// `unknown`
    Unknown,
}

/// Full-text search operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextSearch {
    /// `fts`
    Plain,
    /// `plfts`
    Words,
    /// `phfts`
    Phrase,
    /// `wfts`
    Web,
}

/// A tree of conditions.
#[derive(Debug, Clone, PartialEq)]
pub enum LogicTree {
    /// `and(…)`, `or(…)`, `not.and(…)`, `not.or(…)`
    Group {
        /// `not.`
        negated: bool,
        /// How the conditions are joined.
        connective: Connective,
        /// At least one.
        conditions: Vec<LogicTree>,
    },
    /// A condition on a field.
    Filter(Filter),
}

/// How conditions are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Connective {
    /// All hold.
    And,
    /// At least one holds.
    Or,
}

/// One item of `order`.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderTerm {
    /// `relation(field)`: the embed whose column decides.
    pub relation: Option<String>,
    /// The field.
    pub field: Field,
    /// `.asc` or `.desc`
    pub direction: Option<Direction>,
    /// `.nullsfirst` or `.nullslast`
    pub nulls: Option<Nulls>,
}

/// Direction of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `asc`
    Ascending,
    /// `desc`
    Descending,
}

/// Where nulls stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nulls {
    /// `nullsfirst`
    First,
    /// `nullslast`
    Last,
}

/// `limit` and `offset` of one level. Texts that are no numbers are ignored, as the original does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    /// Most rows; may be negative, which the caller refuses.
    pub limit: Option<i64>,
    /// Rows that are left out; negative ones mean none.
    pub offset: Option<i64>,
}
