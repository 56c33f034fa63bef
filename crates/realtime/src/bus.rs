//! Between processes: broadcasts and presence reach the sockets of all of them.
//!
//! A process that is alone has no bus, and makes no notes. What comes from the database needs none either: every process has
//! a replication stream of its own. A bus keeps the order of what one process says; it may lose notes, which costs a
//! broadcast its receivers elsewhere and is found out for presences (see `hub::others`).

mod nats;
pub(crate) mod note;

use std::fmt::Debug;

use bytes::Bytes;

pub use nats::{Carrier, Nats, NatsError};

/// Carries notes to the other processes.
pub trait Bus: Send + Sync + Debug {
    /// Sends a note to all others. Must not wait; what cannot be sent is dropped and counted.
    fn publish(&self, note: Bytes);
}
