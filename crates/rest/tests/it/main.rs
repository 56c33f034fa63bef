//! The data API over a schema of our own, a shop and its forum: queries against the SQL that says what they mean
//! (`cases/`), random ones (`fuzz.rs`), and texts that try to be more than data (`injection.rs`).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cases;
#[path = "../database/mod.rs"]
mod database;
mod fuzz;
mod injection;
mod shop;
