//! The development inbox: what would have been sent, kept in memory (design 3.6).
//!
//! It is read in a browser, by tests over Mailpit's HTTP API, and by tests in the same process through [`Inbox`].

mod access;
mod api;
mod events;
mod message;
mod page;
mod plain;
mod search;
mod store;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use std::sync::Arc;

pub use message::{Mailbox, Message, NewMessage};
pub use store::Inbox;

/// Messages kept; the oldest gives way.
pub const MAX_MESSAGES: usize = 1000;
/// Bytes kept, whatever the number of messages.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Who may use the inbox's HTTP side.
#[derive(Debug, Clone, Default)]
pub struct AccessOptions {
    /// Names besides `localhost` and IP addresses under which the inbox may be reached; `*` is every name. The inbox
    /// asks for no password, so a web page must not reach it by pointing a name of its own at this machine.
    pub allowed_hosts: Vec<String>,
}

/// The page and Mailpit's API, for `localhost` and IP addresses only.
pub fn router(inbox: Inbox) -> Router {
    router_with(inbox, AccessOptions::default())
}

/// As [`router`], under further names.
pub fn router_with(inbox: Inbox, options: AccessOptions) -> Router {
    Router::new()
        .merge(page::routes())
        .merge(events::routes())
        .merge(api::routes())
        .with_state(inbox)
        .layer(from_fn(access::harden))
        .layer(from_fn_with_state(Arc::new(options), access::guard))
}
