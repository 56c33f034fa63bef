//! Database changes for subscribers: which change which subscriber may see, and as what JSON (Supabase's
//! `postgres_changes`).
//!
//! Start reading at [`Feed`]: [`Feed::run`] takes the events of a replication stream, [`Feed::subscribe`] a subscriber.
//! [`params`] and [`filter`] read what a client asks for, [`predicate`] tests rows, [`payload`] is what is sent, `registry`
//! finds the subscriptions of a change, `group` asks PostgreSQL which rows subscribers of the same role and claims see.
//! The room knows no sockets.
//!
//! Section numbers in comments refer to `specs/realtime.md`.

mod catalog;
mod feed;
pub mod filter;
mod group;
mod pacing;
pub mod params;
pub mod payload;
pub mod predicate;
mod registry;
mod store;
mod subscribing;
pub mod table;
pub mod value;

pub use feed::{Feed, FeedOptions};
pub use pacing::Backlog;
pub use registry::{Caller, Sink};
pub use subscribing::{Binding, Subscriber, Subscription};
