//! The data API when things go wrong around it: a database that restarts, schemas that change, roles that vanish, clients
//! that leave, answers and schemas that are large.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod api;
mod clients;
#[path = "../database/mod.rs"]
mod database;
mod identity;
mod large;
mod memory;
mod modes;
mod outage;
mod reload;
