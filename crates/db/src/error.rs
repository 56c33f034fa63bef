//! What can go wrong between a service and the database.

use tokio_postgres::error::{DbError as ServerError, SqlState};

/// A failed statement, or no connection to run it on. The texts are for logs, never for clients of a service.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// All connections were busy for the whole waiting time.
    #[error("no database connection became free in time")]
    PoolTimeout,
    /// The server cannot be reached.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The server or the protocol refused.
    #[error("{}", describe(.0))]
    Postgres(Box<tokio_postgres::Error>),
    /// A value of the answer is not what was expected.
    #[error("the database's answer cannot be read: {0}")]
    Unreadable(String),
    /// The connection URL cannot be used.
    #[error("the database URL is not usable: {0}")]
    Url(String),
    /// A step of the baseline failed.
    #[error("the database could not be prepared ({step}): {reason}")]
    Baseline {
        /// The migration file.
        step: String,
        /// What the server said: for a login without enough rights, the grant that is missing.
        reason: String,
    },
}

fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} (SQLSTATE {})", db.message(), db.code().code()),
        None => {
            let mut text = error.to_string();
            if let Some(cause) = std::error::Error::source(error) {
                text = format!("{text}: {cause}");
            }
            text
        }
    }
}

impl DbError {
    fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Postgres(error) => error.as_db_error(),
            _ => None,
        }
    }

    /// The five characters of the error class, if the server answered.
    pub fn sqlstate(&self) -> Option<&str> {
        self.server().map(|error| error.code().code())
    }

    /// The violated constraint.
    pub fn constraint(&self) -> Option<&str> {
        self.server().and_then(ServerError::constraint)
    }

    /// The server's message.
    pub fn db_message(&self) -> Option<&str> {
        self.server().map(ServerError::message)
    }

    /// The server's hint.
    pub fn hint(&self) -> Option<&str> {
        self.server().and_then(ServerError::hint)
    }

    /// The server's detail.
    pub fn detail(&self) -> Option<&str> {
        self.server().and_then(ServerError::detail)
    }

    /// Whether a unique constraint or index of this name was violated.
    pub fn is_unique_violation(&self, constraint: &str) -> bool {
        self.sqlstate() == Some(SqlState::UNIQUE_VIOLATION.code()) && self.constraint() == Some(constraint)
    }

    /// Whether the connection's prepared statement no longer fits: the table changed, or a pooler in between lost it.
    pub(crate) fn is_stale_statement(&self) -> bool {
        match self.server() {
            Some(error) if *error.code() == SqlState::FEATURE_NOT_SUPPORTED => error
                .message()
                .contains("cached plan must not change result type"),
            Some(error) => *error.code() == SqlState::INVALID_SQL_STATEMENT_NAME,
            None => false,
        }
    }
}

impl From<tokio_postgres::Error> for DbError {
    fn from(error: tokio_postgres::Error) -> Self {
        if error.is_closed() {
            return Self::Unavailable("the connection was closed".to_owned());
        }
        Self::Postgres(Box::new(error))
    }
}

impl From<deadpool_postgres::PoolError> for DbError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        use deadpool_postgres::PoolError;
        match error {
            PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => Self::PoolTimeout,
            PoolError::Backend(error) if error.as_db_error().is_some() => Self::Postgres(Box::new(error)),
            PoolError::Backend(error) => Self::Unavailable(describe(&error)),
            other => Self::Unavailable(other.to_string()),
        }
    }
}
