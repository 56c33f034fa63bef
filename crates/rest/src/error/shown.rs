//! What a client sees of an error, and what only the log does.

use std::fmt::Write;

use ferrobase_db::ExchangeError;
use http::StatusCode;
use serde_json::{Value, json};

use super::{RangeError, RestError};

impl RestError {
    /// The body.
    pub fn body(&self, is_verbose: bool) -> Value {
        let (details, hint) = self.explanation();
        let message = self.message();
        if is_verbose {
            json!({ "code": self.code(), "details": details, "hint": hint, "message": message })
        } else {
            json!({ "code": self.code(), "message": message })
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Database { source, .. } => match source {
                ExchangeError::PoolTimeout => {
                    "Timed out acquiring connection from connection pool.".to_owned()
                }
                ExchangeError::Unreachable(_) => {
                    "Database connection error. Retrying the connection.".to_owned()
                }
                ExchangeError::Lost(_) => "Database client error. Retrying the connection.".to_owned(),
                ExchangeError::Server(error) => error.message.clone(),
                ExchangeError::Unsendable(_) => "The statement cannot be sent to the database".to_owned(),
            },
            other => other.to_string(),
        }
    }

    /// Details and hint.
    fn explanation(&self) -> (Value, Value) {
        let none = Value::Null;
        match self {
            Self::Query { details, .. } => (json!(details), none),
            Self::Range(error) => (json!(error.details()), none),
            Self::Schema { exposed, .. } => (
                none,
                json!(format!(
                    "Only the following schemas are exposed: {}",
                    exposed.join(", ")
                )),
            ),
            Self::NotEmbedded { target, alias: None } => (
                none,
                json!(format!(
                    "Verify that '{target}' is included in the 'select' query parameter."
                )),
            ),
            Self::NotEmbedded {
                target,
                alias: Some(alias),
            } => (
                json!("Target names are not allowed in filters if they have an alias"),
                json!(format!(
                    "Change '{target}' to '{alias}' in filters, orders or limits."
                )),
            ),
            Self::NotSingular(rows) => (json!(format!("The result contains {rows} rows")), none),
            Self::RelatedOrder { origin, target } => (
                json!(format!(
                    "'{origin}' and '{target}' do not form a many-to-one or one-to-one relationship"
                )),
                none,
            ),
            Self::RaiseUnparsable { details, hint } => (json!(details), json!(hint)),
            Self::Preferences(names) => (json!(format!("Invalid preferences: {}", names.join(", "))), none),
            Self::MaxAffected(rows) => (json!(format!("The query affects {rows} rows")), none),
            Self::NotImplemented(what) => (json!(what), none),
            Self::NoRelationship {
                origin,
                target,
                hint,
                schema,
                suggestion,
            } => {
                let mut details =
                    format!("Searched for a foreign key relationship between '{origin}' and '{target}'");
                if let Some(hint) = hint {
                    let _ = write!(details, " using the hint '{hint}'");
                }
                let _ = write!(details, " in the schema '{schema}', but no matches were found.");
                (json!(details), json!(suggestion))
            }
            Self::Ambiguous {
                target,
                candidates,
                hints,
                ..
            } => (
                json!(candidates),
                json!(format!(
                    "Try changing '{target}' to one of the following: {}. Find the desired relationship in the 'details' key.",
                    hints
                        .iter()
                        .map(|hint| format!("'{target}!{hint}'"))
                        .collect::<Vec<_>>()
                        .join(", ")
                )),
            ),
            Self::NoRoutine { details, hint, .. } => (json!(details), json!(hint)),
            Self::AmbiguousRoutine(_) => (
                none,
                json!(
                    "Try renaming the parameters or the function itself in the database so function overloading can be resolved"
                ),
            ),
            Self::NoRelation { suggestion, .. } => (none, json!(suggestion)),
            Self::Token(error) => (json!(error.details), none),
            Self::Database {
                source: ExchangeError::Server(error),
                ..
            } => (json!(error.detail), json!(error.hint)),
            Self::Raised(raised) => (raised.details.clone(), raised.hint.clone()),
            _ => (none.clone(), none),
        }
    }

    /// Headers that belong to the error.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        match self {
            Self::Token(error) => vec![(
                "WWW-Authenticate".to_owned(),
                format!(
                    "Bearer error=\"invalid_token\", error_description=\"{}\"",
                    error.message
                ),
            )],
            Self::AnonymousOff => vec![("WWW-Authenticate".to_owned(), "Bearer".to_owned())],
            Self::Database { .. } if self.status() == StatusCode::UNAUTHORIZED => {
                vec![("WWW-Authenticate".to_owned(), "Bearer".to_owned())]
            }
            Self::Range(RangeError::Beyond { total, .. }) => {
                vec![("Content-Range".to_owned(), format!("*/{total}"))]
            }
            Self::Raised(raised) => raised.headers.clone(),
            _ if self.status() == StatusCode::SERVICE_UNAVAILABLE => {
                vec![("Retry-After".to_owned(), "1".to_owned())]
            }
            _ => Vec::new(),
        }
    }

    /// What the log gets and the client does not.
    pub(crate) fn cause(&self) -> Option<String> {
        match self {
            Self::Internal(cause) => Some(cause.clone()),
            Self::Database { source, .. } if !matches!(source, ExchangeError::Server(_)) => {
                Some(source.to_string())
            }
            Self::Database {
                source: ExchangeError::Server(error),
                ..
            } if self.status().is_server_error() => Some(format!("{} ({})", error.message, error.code)),
            _ => None,
        }
    }
}

impl RangeError {
    fn details(&self) -> String {
        match self {
            Self::Inverted => {
                "The lower boundary must be lower than or equal to the upper boundary in the Range header."
                    .to_owned()
            }
            Self::NegativeLimit => "Limit should be greater than or equal to zero.".to_owned(),
            Self::Beyond { offset, total } => {
                format!("An offset of {offset} was requested, but there are only {total} rows.")
            }
        }
    }
}
