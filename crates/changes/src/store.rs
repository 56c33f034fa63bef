//! All SQL of this room.

pub(crate) mod checks;
pub(crate) mod tables;
