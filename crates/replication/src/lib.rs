//! One logical replication stream of a database, as typed changes.
//!
//! Start reading at [`Stream`], which keeps a stream going whatever happens to the server, and at [`Event`], what comes out
//! of it. [`pgoutput`] reads the output plugin's messages (PostgreSQL documentation, 55.9), [`Stream::run`] says what is
//! guaranteed. The crate knows no service.
//!
//! It stands on `db`'s own connections, which have the login, TLS and socket handling of all others; the client crate
//! `pgwire-replication` would bring its own of each, and hands out undecoded messages as well.

mod backoff;
mod error;
mod event;
mod lsn;
pub mod pgoutput;
mod queue;
mod session;
mod status;
mod store;
mod stream;
mod transaction;
mod watchdog;

pub use error::ReplicationError;
pub use event::{Change, ChangeKind, Event, GapReason, LogicalMessage, OldRow, Transaction};
pub use lsn::Lsn;
pub use pgoutput::{Column, Identity, Relation, Row, Value};
pub use queue::Events;
pub use status::{Lag, State, StatusWatch};
pub use stream::{Stream, StreamOptions};
