//! The public face of the room: loading, precedence, errors and notices.
#![allow(clippy::unwrap_used)]

mod load;
mod notices;
