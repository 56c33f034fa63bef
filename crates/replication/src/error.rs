//! Why there is no stream.

use ferrobase_db::{DbError, ExchangeError};

use crate::pgoutput::DecodeError;

/// A stream that failed. The texts are for logs and operators.
#[derive(Debug, thiserror::Error)]
pub enum ReplicationError {
    /// The server does not write what logical decoding needs.
    #[error(
        "wal_level is {0}; database changes need a server with wal_level = logical (and a restart after setting it)"
    )]
    WalLevel(String),
    /// The login may not read the log.
    #[error("the login may not replicate: {0} (it needs the attribute REPLICATION)")]
    Denied(String),
    /// None of the publications exists.
    #[error("no publication {0} exists")]
    NoPublication(String),
    /// The server does not have the place in the log any more from which the stream would go on.
    #[error("the place in the log is lost: {0}")]
    Lost(String),
    /// Connection or server failed.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// A statement beside the stream failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The server sent what cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The server fell silent.
    #[error("the server has fallen silent")]
    Silent,
    /// The reader lags further behind than it may.
    #[error("the stream lags {0} bytes behind, more than it may")]
    Overrun(u64),
    /// Publications were made or dropped.
    #[error("the publications have changed")]
    PublicationsChanged,
    /// The reader took nothing for a while.
    #[error("the reader of the stream is stuck")]
    Blocked,
    /// Nobody takes the events.
    #[error("nobody reads the stream")]
    Unread,
}

impl ReplicationError {
    /// The server's error class, if it answered.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Exchange(ExchangeError::Server(error)) => Some(&error.code),
            _ => None,
        }
    }

    /// Whether only the operator can change it: no reason to try often, or to tell more than once.
    pub(crate) fn is_lasting(&self) -> bool {
        matches!(self, Self::WalLevel(_) | Self::Denied(_) | Self::NoPublication(_))
    }

    /// Whether the slot's position is of no use any more: gone, invalidated, or before a publication existed.
    pub(crate) fn spoils_slot(&self) -> bool {
        match self {
            Self::Lost(_) | Self::Overrun(_) | Self::PublicationsChanged => true,
            // An undefined object is a slot that is gone, an object not in its state one whose log is.
            _ => matches!(self.code(), Some("42704" | "55000")),
        }
    }
}
