//! The limit on guesses at one-time codes: so many attempts for one address in a window, whoever makes them and whether or
//! not anybody has the address. [`crate::model::guessing`] says what it is worth.
//!
//! The original limits clients by their address alone, and only behind a proxy that names it. An attempt is counted before
//! it is judged, so that attempts side by side cannot all be the last that is allowed.

use ferrobase_db::Transaction;
use ferrobase_jwt::sha256;
use uuid::Uuid;

use crate::error::{AuthError, ErrorCode, Result};
use crate::state::State;
use crate::store::code_guesses;

/// What is guessed at.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A code that went to this e-mail (lower case) or phone (digits).
    Address(&'a str),
    /// The nonce of this user.
    Nonce(Uuid),
}

impl Subject<'_> {
    /// What is stored: whoever reads the table learns no addresses of strangers from it at a glance.
    fn digest(&self) -> [u8; 32] {
        match self {
            Self::Address(address) => sha256(format!("address:{address}").as_bytes()),
            Self::Nonce(user) => sha256(format!("nonce:{user}").as_bytes()),
        }
    }
}

/// Counts an attempt; 429 when there were too many.
pub async fn allow(state: &State, subject: &Subject<'_>) -> Result<()> {
    let rules = state.config.code_guesses;
    if rules.max_attempts == 0 {
        return Ok(());
    }
    let window = rules.window.as_secs_f64();
    let attempts = code_guesses::count(&state.pool.batched(), &subject.digest(), window, state.now()).await?;
    if attempts <= rules.max_attempts {
        return Ok(());
    }
    Err(AuthError::too_many(
        ErrorCode::OverRequestRateLimit,
        "Request rate limit reached",
    ))
}

/// Forgets the attempts before a right one.
pub async fn forgive(tx: &Transaction<'_>, subject: &Subject<'_>) -> Result<()> {
    Ok(code_guesses::forget(tx, &subject.digest()).await?)
}
