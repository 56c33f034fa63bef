//! Errors of the dialect: one enum, mapped to status, code and JSON in one place (rest.md section 18).

use ferrobase_db::{ExchangeError, ServerError};
use http::StatusCode;
use serde_json::Value;

mod raised;
mod shown;
mod sqlstate;

pub(crate) use raised::Raised;

/// A token that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenError {
    /// `PGRST301` (cannot be decoded) or `PGRST303` (its claims forbid it).
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// More about it.
    pub details: Option<&'static str>,
}

/// A request that fails.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// The query string cannot be read.
    #[error("{message}")]
    Query {
        /// What was read, and where it went wrong.
        message: String,
        /// What was found and what was expected.
        details: String,
    },
    /// A method that functions do not have.
    #[error("Cannot use the {0} method on RPC")]
    MethodOnRpc(String),
    /// A method that relations do not have.
    #[error("Unsupported HTTP method: {0}")]
    Method(String),
    /// The body cannot be used.
    #[error("{0}")]
    Body(String),
    /// The range cannot be had.
    #[error("Requested range not satisfiable")]
    Range(RangeError),
    /// PUT whose filters are not the primary key.
    #[error("Filters must include all and only primary key columns with 'eq' operators")]
    PutFilters,
    /// The schema is not exposed.
    #[error("Invalid schema: {schema}")]
    Schema {
        /// What was asked for.
        schema: String,
        /// What there is.
        exposed: Vec<String>,
    },
    /// No media type fits.
    #[error("None of these media types are available: {0}")]
    MediaType(String),
    /// A filter on something that is not embedded.
    #[error("'{target}' is not an embedded resource in this request")]
    NotEmbedded {
        /// The name.
        target: String,
        /// Its alias, when the name alone is not accepted.
        alias: Option<String>,
    },
    /// `response.headers` has the wrong shape.
    #[error(
        "response.headers guc must be a JSON array composed of objects with a single key and a string value"
    )]
    HeadersGuc,
    /// `response.status` is no status.
    #[error("response.status guc must be a valid status code")]
    StatusGuc,
    /// PUT with limit or offset.
    #[error("limit/offset querystring parameters are not allowed for PUT")]
    PutLimit,
    /// PUT whose body is another row.
    #[error("Payload values do not match URL in primary key column(s)")]
    PutMismatch,
    /// Not exactly one row.
    #[error("Cannot coerce the result to a single JSON object")]
    NotSingular(i64),
    /// Related order over a relationship to many.
    #[error("A related order on '{target}' is not possible")]
    RelatedOrder {
        /// Where it starts.
        origin: String,
        /// Where it leads.
        target: String,
    },
    /// `RAISE SQLSTATE 'PGRST'` that cannot be understood.
    #[error("Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error")]
    RaiseUnparsable {
        /// What cannot be parsed.
        details: String,
        /// What it should be.
        hint: &'static str,
    },
    /// Unknown preferences under `handling=strict`.
    #[error("Invalid preferences given with handling=strict")]
    Preferences(Vec<String>),
    /// Aggregates are off.
    #[error("Use of aggregate functions is not allowed")]
    AggregatesOff,
    /// More rows than `max-affected`.
    #[error("Query result exceeds max-affected preference constraint")]
    MaxAffected(i64),
    /// `max-affected` on a function that returns no set.
    #[error("Function must return SETOF or TABLE when max-affected preference is used with handling=strict")]
    MaxAffectedOnSingle,
    /// No such path.
    #[error("Invalid path specified in request URL")]
    Path,
    /// The root document is off.
    #[error("Root endpoint metadata is disabled")]
    RootDisabled,
    /// A feature that does not exist.
    #[error("Feature not implemented")]
    NotImplemented(String),
    /// UPDATE or DELETE of everything, which the settings forbid.
    #[error("{0} requires a WHERE clause")]
    Unfiltered(&'static str),
    /// No relationship.
    #[error("Could not find a relationship between '{origin}' and '{target}' in the schema cache")]
    NoRelationship {
        /// Where it should start.
        origin: String,
        /// Where it should lead.
        target: String,
        /// What should have told it apart.
        hint: Option<String>,
        /// Where was searched.
        schema: String,
        /// What might have been meant.
        suggestion: Option<String>,
    },
    /// Several relationships.
    #[error("Could not embed because more than one relationship was found for '{origin}' and '{target}'")]
    Ambiguous {
        /// Where they start.
        origin: String,
        /// Where they lead.
        target: String,
        /// The candidates, as JSON.
        candidates: Vec<Value>,
        /// What tells them apart.
        hints: Vec<String>,
    },
    /// No such function.
    #[error("{message}")]
    NoRoutine {
        /// What is missing.
        message: String,
        /// What was searched.
        details: String,
        /// What might have been meant.
        hint: Option<String>,
    },
    /// Several functions.
    #[error("Could not choose the best candidate function between: {0}")]
    AmbiguousRoutine(String),
    /// No such column.
    #[error("Could not find the '{column}' column of '{relation}' in the schema cache")]
    NoColumn {
        /// The column.
        column: String,
        /// Whose.
        relation: String,
    },
    /// No such relation.
    #[error("Could not find the table '{schema}.{name}' in the schema cache")]
    NoRelation {
        /// Its schema.
        schema: String,
        /// Its name.
        name: String,
        /// What might have been meant.
        suggestion: Option<String>,
    },
    /// A token, and nothing to verify it with.
    #[error("Server lacks JWT secret")]
    NoSecret,
    /// A token that is not accepted.
    #[error("{}", .0.message)]
    Token(TokenError),
    /// No token, and anonymous requests are off.
    #[error("Anonymous access is disabled")]
    AnonymousOff,
    /// The schema cache is not loaded yet.
    #[error("Could not query the database for the schema cache. Retrying.")]
    NoCache,
    /// The database.
    #[error("{source}")]
    Database {
        /// What it says.
        source: ExchangeError,
        /// The caller has no token: what is forbidden might be allowed with one.
        is_anonymous: bool,
    },
    /// `RAISE` with a status of its own.
    #[error("{}", .0.message)]
    Raised(Box<Raised>),
    /// Anything that should not happen.
    #[error("Something went wrong")]
    Internal(String),
}

/// Why a range cannot be had.
#[derive(Debug, PartialEq, Eq)]
pub enum RangeError {
    /// `Range: 3-1`
    Inverted,
    /// `limit=-1`
    NegativeLimit,
    /// Beyond the last row.
    Beyond {
        /// First row asked for.
        offset: i64,
        /// Rows that there are.
        total: i64,
    },
}

impl RestError {
    /// A failure of the database for a caller with or without a token.
    pub(crate) fn database(source: ExchangeError, is_anonymous: bool) -> Self {
        if let ExchangeError::Server(error) = &source
            && let Some(raised) = Raised::read(error)
        {
            return raised.map_or_else(|error| error, |raised| Self::Raised(Box::new(raised)));
        }
        Self::Database { source, is_anonymous }
    }

    /// The dialect's code.
    pub fn code(&self) -> String {
        let code = match self {
            Self::Query { .. } => "PGRST100",
            Self::MethodOnRpc(_) => "PGRST101",
            Self::Body(_) => "PGRST102",
            Self::Range(_) => "PGRST103",
            Self::PutFilters => "PGRST105",
            Self::Schema { .. } => "PGRST106",
            Self::MediaType(_) => "PGRST107",
            Self::NotEmbedded { .. } => "PGRST108",
            Self::HeadersGuc => "PGRST111",
            Self::StatusGuc => "PGRST112",
            Self::PutLimit => "PGRST114",
            Self::PutMismatch => "PGRST115",
            Self::NotSingular(_) => "PGRST116",
            Self::Method(_) => "PGRST117",
            Self::RelatedOrder { .. } => "PGRST118",
            Self::RaiseUnparsable { .. } => "PGRST121",
            Self::Preferences(_) => "PGRST122",
            Self::AggregatesOff => "PGRST123",
            Self::MaxAffected(_) => "PGRST124",
            Self::Path => "PGRST125",
            Self::RootDisabled => "PGRST126",
            Self::NotImplemented(_) => "PGRST127",
            Self::MaxAffectedOnSingle => "PGRST128",
            Self::NoRelationship { .. } => "PGRST200",
            Self::Ambiguous { .. } => "PGRST201",
            Self::NoRoutine { .. } => "PGRST202",
            Self::AmbiguousRoutine(_) => "PGRST203",
            Self::NoColumn { .. } => "PGRST204",
            Self::NoRelation { .. } => "PGRST205",
            Self::NoSecret => "PGRST300",
            Self::Token(error) => error.code,
            Self::AnonymousOff => "PGRST302",
            Self::NoCache => "PGRST002",
            // The code of the module that refuses it in hosted databases.
            Self::Unfiltered(_) => "21000",
            Self::Database { source, .. } => match source {
                ExchangeError::PoolTimeout => "PGRST003",
                ExchangeError::Unreachable(_) => "PGRST000",
                ExchangeError::Lost(_) => "PGRST001",
                ExchangeError::Server(error) => return error.code.clone(),
                ExchangeError::Unsendable(_) => "PGRSTX00",
            },
            Self::Raised(raised) => return raised.code.clone(),
            Self::Internal(_) => "PGRSTX00",
        };
        code.to_owned()
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MethodOnRpc(_) | Self::Method(_) | Self::PutFilters => StatusCode::METHOD_NOT_ALLOWED,
            Self::Range(_) => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Schema { .. } | Self::MediaType(_) | Self::NotSingular(_) => StatusCode::NOT_ACCEPTABLE,
            Self::HeadersGuc
            | Self::StatusGuc
            | Self::RaiseUnparsable { .. }
            | Self::NoSecret
            | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Path | Self::RootDisabled | Self::NoRoutine { .. } | Self::NoRelation { .. } => {
                StatusCode::NOT_FOUND
            }
            Self::Ambiguous { .. } | Self::AmbiguousRoutine(_) => StatusCode::MULTIPLE_CHOICES,
            Self::Token(_) | Self::AnonymousOff => StatusCode::UNAUTHORIZED,
            Self::NoCache => StatusCode::SERVICE_UNAVAILABLE,
            Self::Database { source, is_anonymous } => match source {
                ExchangeError::PoolTimeout => StatusCode::GATEWAY_TIMEOUT,
                ExchangeError::Unreachable(_) | ExchangeError::Lost(_) => StatusCode::SERVICE_UNAVAILABLE,
                ExchangeError::Server(error) => sqlstate::status(error, *is_anonymous),
                ExchangeError::Unsendable(_) => StatusCode::INTERNAL_SERVER_ERROR,
            },
            Self::Raised(raised) => raised.status,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<ferrobase_query::ParseError> for RestError {
    fn from(error: ferrobase_query::ParseError) -> Self {
        Self::Query {
            message: error.message,
            details: error.details,
        }
    }
}

/// An error of the server that none of ours is made of.
pub(crate) fn server_error(error: &ExchangeError) -> Option<&ServerError> {
    match error {
        ExchangeError::Server(error) => Some(error),
        _ => None,
    }
}
