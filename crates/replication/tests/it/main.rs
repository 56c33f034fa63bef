//! A stream of a PostgreSQL of its own: what comes of which statement, and what happens when server, connection or reader
//! fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod changes;
mod faults;
mod server;
