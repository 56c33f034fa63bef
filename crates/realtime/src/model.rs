//! What travels. Nothing here does I/O.

pub mod broadcast;
pub mod join;
pub mod presence;
pub mod push;
pub mod rate;
pub mod version;
