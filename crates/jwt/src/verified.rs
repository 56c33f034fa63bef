//! Tokens whose signature was verified before.
//!
//! An asymmetric signature costs more than the rest of most requests, and a client sends the same token again and again.
//! Only the signature is remembered: times are checked on every use, and what a token may do is the service's business.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use crate::claims::Claims;
use crate::sha256;

/// Most remembered tokens; a few hundred bytes each.
const MOST: u64 = 10_000;

/// A token not seen for this long is forgotten.
const IDLE: Duration = Duration::from_secs(600);

pub(crate) struct Verified(Cache<[u8; 32], Arc<Claims>>);

impl Verified {
    pub(crate) fn new() -> Self {
        Self(Cache::builder().max_capacity(MOST).time_to_idle(IDLE).build())
    }

    pub(crate) fn get(&self, token: &str) -> Option<Arc<Claims>> {
        self.0.get(&sha256(token.as_bytes()))
    }

    pub(crate) fn insert(&self, token: &str, claims: Arc<Claims>) {
        self.0.insert(sha256(token.as_bytes()), claims);
    }
}
