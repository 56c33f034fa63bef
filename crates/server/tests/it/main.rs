//! The whole composition in this process, over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod batches;
mod captcha;
mod data_api;
mod enumeration;
mod external;
mod gateway;
mod guessing;
mod hooks;
mod hostile_bodies;
mod key_rotation;
mod leaked_passwords;
mod mails;
mod oauth_server;
mod passkeys;
mod saml;
mod session_attacks;
mod storage;
mod third_party;
mod token_attacks;
mod twilio_verify;
mod web3;
