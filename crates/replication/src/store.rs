//! All SQL of this room.

pub(crate) mod server;
pub(crate) mod slots;
