//! The Realtime service: Phoenix channels over WebSockets, in the dialect of Supabase Realtime.
//!
//! Start reading at [`routes`], the table of endpoints. `socket` is the life of one connection and of the channels on it,
//! `hub` who is in which topic and how a message reaches them, [`model`] what travels, `wire` how it looks as bytes. What the
//! database decides (who may read and write a private channel, which changes there are) comes through two traits,
//! [`Authorizer`] ([`Policies`]) and [`ChangeFeed`] ([`DatabaseStream`]); a [`Bus`] connects several processes.
//!
//! Section numbers in comments refer to `specs/realtime.md`.

pub mod authorize;
pub mod bus;
pub mod config;
pub mod error;
pub mod feed;
mod hub;
pub mod identity;
mod meters;
pub mod model;
pub mod policies;
pub mod routes;
mod socket;
pub mod state;
mod store;
pub mod stream;
mod tasks;
mod wire;

pub use authorize::{Authorizer, Readable, Refused, Replayed, Visitor, Writable};
pub use bus::{Bus, Carrier, Nats, NatsError};
pub use config::RealtimeConfig;
pub use feed::{ChangeFeed, LiveSubscription, Unavailable};
pub use identity::Tokens;
pub use model::broadcast::{Body, Broadcast};
pub use policies::Policies;
pub use routes::answer;
pub use state::{Parts, State};
pub use stream::DatabaseStream;
pub use tasks::run_tasks;
