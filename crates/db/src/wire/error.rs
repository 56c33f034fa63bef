//! What can go wrong between a request and the database.

use std::io;

use postgres_protocol::message::backend::ErrorFields;

/// A failed exchange.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ExchangeError {
    /// All connections were busy for the whole waiting time.
    #[error("no database connection became free in time")]
    PoolTimeout,
    /// No connection could be made.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The connection broke while it was used.
    #[error("the connection to the database was lost: {0}")]
    Lost(String),
    /// The server refused.
    #[error("{}", .0.message)]
    Server(Box<ServerError>),
    /// The statement cannot be sent.
    #[error("the statement cannot be sent: {0}")]
    Unsendable(String),
}

/// An error as the server reports it.
#[derive(Debug, Clone, Default)]
pub struct ServerError {
    /// `ERROR`, or `FATAL` and `PANIC`, after which the connection is gone. Never translated.
    pub severity: String,
    /// The five characters of the error class.
    pub code: String,
    /// The message.
    pub message: String,
    /// More about it.
    pub detail: Option<String>,
    /// What might help.
    pub hint: Option<String>,
}

impl ServerError {
    pub(crate) fn read(mut fields: ErrorFields<'_>) -> io::Result<Self> {
        use fallible_iterator::FallibleIterator;
        let mut error = Self::default();
        while let Some(field) = fields.next()? {
            let value = || String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                b'V' => error.severity = value(),
                b'S' if error.severity.is_empty() => error.severity = value(),
                b'C' => error.code = value(),
                b'M' => error.message = value(),
                b'D' => error.detail = Some(value()),
                b'H' => error.hint = Some(value()),
                _ => {}
            }
        }
        Ok(error)
    }

    /// Whether the server ended the connection with it.
    pub(crate) fn is_fatal(&self) -> bool {
        self.severity == "FATAL" || self.severity == "PANIC"
    }

    /// Whether somebody asked the server to stop, or a time limit did.
    pub(crate) fn is_cancellation(&self) -> bool {
        self.code == "57014"
    }

    /// Whether the connection's prepared statement no longer fits: the table changed, or a pooler in between lost it.
    pub(crate) fn is_stale_statement(&self) -> bool {
        match &*self.code {
            "0A000" => self.message.contains("cached plan must not change result type"),
            "26000" => true,
            _ => false,
        }
    }
}

impl From<io::Error> for ExchangeError {
    fn from(error: io::Error) -> Self {
        Self::Lost(error.to_string())
    }
}
