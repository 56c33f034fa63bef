//! Subscribers of a PostgreSQL of their own: what they hear of which change, as whom, and what of others' failures.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod backend;
mod delivery;
mod refusals;
mod security;
