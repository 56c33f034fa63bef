//! The axum glue that every service shares: who asks from where, bounded bodies, rate limits, the one outgoing client.
//!
//! The gateway puts [`ClientAddress`], [`RequestId`] and [`Caller`] into the extensions of every request; services read
//! them from there.

mod address;
mod body;
mod caller;
mod crypto;
mod outgoing;
mod private_address;
mod rate_limit;
mod request_id;
mod streaming;

pub use address::{ClientAddress, client_address};
pub use body::{BodyError, read_body};
pub use caller::{Caller, TokenState, is_open_to_third_parties};
pub use crypto::install_crypto;
pub use outgoing::{Outgoing, OutgoingError, OutgoingRequest, OutgoingResponse, Policy};
pub use private_address::is_public;
pub use rate_limit::{RateLimiter, RetryAfter};
pub use request_id::RequestId;
pub use streaming::{StreamingRequest, StreamingResponse};
