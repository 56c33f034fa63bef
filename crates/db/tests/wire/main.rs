//! Requests over the protocol itself, against a PostgreSQL of their own: what one request leaves for the next one, what
//! happens when its caller goes away or the server does, and how large answers travel.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod abandoned;
mod isolation;
mod login;
mod memory;
mod modes;
mod notifications;
mod outage;
mod server;
mod shared;
mod statements;
mod streaming;
