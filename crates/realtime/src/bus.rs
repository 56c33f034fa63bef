//! Between processes: broadcasts and presence reach the sockets of all of them.

use std::fmt::Debug;

use bytes::Bytes;

/// Carries notes to the other processes. Within one process nothing needs to be carried.
pub trait Bus: Send + Sync + Debug {
    /// Sends a note to all others. Must not wait; what cannot be sent is dropped, as everything here is delivered at most once.
    fn publish(&self, note: Bytes);
}

/// The default: there is one process.
#[derive(Debug, Clone, Copy)]
pub struct Alone;

impl Bus for Alone {
    fn publish(&self, _: Bytes) {}
}
