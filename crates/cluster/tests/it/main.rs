//! Real clusters in temporary directories. Run as root they run as `postgres`, else as the user who runs the tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crashes;
mod creation;
mod ephemeral;
mod figures;
mod harness;
mod lifecycle;
mod template;
