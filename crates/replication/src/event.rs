//! What a stream tells.

use std::sync::Arc;

use bytes::Bytes;

use crate::lsn::Lsn;
use crate::pgoutput::{Relation, Row};

/// One event. Those of a transaction come between its `Begin` and its `Commit`, transactions in the order of their commits.
#[derive(Debug, Clone)]
pub enum Event {
    /// A committed transaction begins.
    Begin(Transaction),
    /// A row was inserted, updated or deleted.
    Change(Change),
    /// Tables were emptied.
    Truncate(Vec<Arc<Relation>>),
    /// `pg_logical_emit_message` was called.
    Message(LogicalMessage),
    /// The transaction ends.
    Commit(Transaction),
    /// What was committed since the last event, or a part of it, is lost: who needs every change has to read the tables
    /// anew. A transaction that had begun does not go on.
    Gap(GapReason),
}

/// Why changes are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapReason {
    /// The connection ended, and the server keeps nothing for us in the meantime (see [`crate::Stream::run`]).
    Disconnected,
    /// The server threw the log away, or dropped the slot.
    LogRemoved,
    /// The events were not taken in time.
    TooFarBehind,
    /// A publication was made or dropped.
    PublicationsChanged,
}

/// A committed transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transaction {
    /// Transaction id.
    pub xid: u32,
    /// Where its commit record begins.
    pub commit: Lsn,
    /// Time of the commit by the server's clock, in microseconds since 2000-01-01 UTC.
    pub commit_time: i64,
}

/// A change of one row.
#[derive(Debug, Clone)]
pub struct Change {
    /// The transaction it belongs to.
    pub transaction: Transaction,
    /// The table. Another description (by pointer) than with the last change means that the table may have been altered.
    pub relation: Arc<Relation>,
    /// What happened.
    pub kind: ChangeKind,
    /// What the log has of the old row.
    pub old: Option<OldRow>,
    /// The new row of an insert or update. Empty when the message was cut before it.
    pub new: Option<Row>,
    /// The message was longer than is taken whole (16 MiB): values are absent that exist.
    pub is_cut: bool,
}

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// `INSERT`
    Insert,
    /// `UPDATE`
    Update,
    /// `DELETE`
    Delete,
}

/// An old row.
#[derive(Debug, Clone)]
pub struct OldRow {
    /// The values; of a row that is not complete only those of identity columns mean anything.
    pub row: Row,
    /// All columns are there (`REPLICA IDENTITY FULL`).
    pub is_complete: bool,
}

/// A logical message.
#[derive(Debug, Clone)]
pub struct LogicalMessage {
    /// Prefix: whom it is for.
    pub prefix: String,
    /// Content.
    pub content: Bytes,
}

impl Event {
    /// About what it takes in memory, in bytes.
    pub(crate) fn size(&self) -> usize {
        const FIXED: usize = 128;
        let row = |row: &Row| row.iter().map(|value| value.size() + 40).sum::<usize>();
        match self {
            Self::Change(change) => {
                FIXED
                    + change.old.as_ref().map_or(0, |old| row(&old.row))
                    + change.new.as_ref().map_or(0, row)
            }
            Self::Message(message) => FIXED + message.prefix.len() + message.content.len(),
            Self::Truncate(relations) => FIXED + relations.len() * 8,
            Self::Begin(_) | Self::Commit(_) | Self::Gap(_) => FIXED,
        }
    }
}
