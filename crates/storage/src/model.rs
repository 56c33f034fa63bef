//! Domain rules, without I/O.

pub mod cursor;
pub mod media;
pub mod names;
pub mod ranges;
pub mod robots;
pub mod rules;
pub mod tus;
