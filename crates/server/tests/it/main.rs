//! The whole composition in this process, over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod batches;
mod data_api;
mod gateway;
mod hooks;
