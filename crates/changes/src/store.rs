//! All SQL of this room.

pub(crate) mod tables;
