//! Domain types and rules of the Auth service. Nothing here does I/O.

pub mod aal;
pub mod address;
pub mod attested;
pub mod authenticators;
pub mod claims;
pub mod factor;
pub mod flow;
pub mod go_duration;
pub mod guessing;
pub mod identity;
pub mod linking;
pub mod one_time;
pub mod page;
pub mod passkey;
pub mod password;
pub mod profile;
pub mod qr;
pub mod recovery_code;
pub mod redirect;
pub mod refresh_token;
pub mod session;
pub mod totp;
pub mod user;
