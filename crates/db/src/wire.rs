//! The protocol of PostgreSQL (documentation, chapter 55) spoken directly, for requests made as a caller's role.
//!
//! What the driver of the other pools cannot do: send settings, statement and `Sync` as one message train without
//! `BEGIN` and `COMMIT` (everything between two `Sync`s is one transaction, so `SET LOCAL` holds for it), take answers as
//! bytes without a copy, and hand out a large value while it is still arriving. Start reading at [`RequestPool::send`].

mod columns;
mod error;
mod exchange;
mod lane;
mod listen;
mod pool;
mod replication;
mod reply;
mod session;
mod startup;
mod stream;

pub use columns::ResultColumn;
pub use error::{ExchangeError, ServerError};
pub use exchange::{Ending, Exchange, Format, Param, Statement};
pub use listen::Notifications;
pub use pool::{RequestPool, RequestPoolOptions};
pub use replication::{ReplicationConnection, ReplicationFrame, Standby};
pub use reply::{DataRow, Piece, Reply};
