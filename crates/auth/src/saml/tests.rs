//! Attacks and their honest counterparts. The messages are made by [`signer`], which canonicalises nothing: what it writes
//! is in canonical form already, so that it and the code under test cannot err together.

mod configuration;
mod encrypted;
mod metadata;
mod mutations;
mod refusals;
mod requests;
mod signer;
mod wrapping;
