//! Who may read and write a private channel, and what it said before (§8, §5.5): decided by the database.

use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::model::broadcast::Broadcast;

/// Somebody at a private channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// The channel's name, without `realtime:`.
    pub topic: Arc<str>,
    /// Database role.
    pub role: Arc<str>,
    /// Claims, as JSON.
    pub claims: Arc<str>,
    /// The user, if the claims name one.
    pub sub: Option<Arc<str>>,
    /// JSON of the `x-` headers of the handshake or the request.
    pub headers: Arc<str>,
}

/// What a visitor may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readable {
    /// Broadcasts.
    pub broadcast: bool,
    /// Presence; `None` if nobody asked.
    pub presence: Option<bool>,
}

/// What a visitor may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writable {
    /// Broadcasts.
    pub broadcast: bool,
    /// Presence.
    pub presence: bool,
}

/// Why the database gave no verdict. Causes go to the log of who asked it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A policy raised an error.
    #[error("RlsPolicyError")]
    Policy,
    /// The statement took too long.
    #[error("QueryCanceled")]
    Canceled,
    /// `realtime.messages` has no partition for today.
    #[error("MissingPartition")]
    Partition,
    /// No connection was free in time.
    #[error("IncreaseConnectionPool")]
    Pool,
    /// The database cannot be asked.
    #[error("UnableToConnectToProject")]
    Unavailable,
}

/// A message of the past.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Id of its row.
    pub id: Box<str>,
    /// What it said, without metadata.
    pub broadcast: Broadcast,
}

/// The database's part in private channels.
pub trait Authorizer: Send + Sync + Debug {
    /// The read probe; presence only if asked for.
    fn may_read(&self, visitor: Visitor, presence: bool) -> BoxFuture<'static, Result<Readable, Refused>>;

    /// The write probe.
    fn may_write(&self, visitor: Visitor) -> BoxFuture<'static, Result<Writable, Refused>>;

    /// The newest `limit` private broadcasts of a topic since `since` (Unix milliseconds), oldest first.
    fn replay(
        &self,
        topic: Arc<str>,
        since: i64,
        limit: u8,
    ) -> BoxFuture<'static, Result<Vec<Replayed>, Refused>>;

    /// Makes room for the messages of the next days, and forgets those of the past. Called every few hours.
    fn keep_partitions(&self) -> BoxFuture<'static, ()>;
}
