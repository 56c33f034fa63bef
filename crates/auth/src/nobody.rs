//! What an address is answered to which nothing is sent, because nobody has it or nothing is pending: the same as the others.
//!
//! An address that gets a message is told to wait before the next one (auth.md 9.6). The original tells only those, so that
//! asking twice shows who has an account; here the others are told, too.

use chrono::TimeDelta;
use ferrobase_jwt::sha256;

use crate::codes::check_frequency;
use crate::error::{ErrorCode, Result};
use crate::state::State;
use crate::store::single_use;

/// What was asked for. Each has a pause of its own, as its real counterpart has.
#[derive(Debug, Clone, Copy)]
pub enum Asked {
    /// A link to set a new password.
    Recovery,
    /// The confirmation of a new address, by mail.
    Confirmation,
    /// Any confirmation by SMS, or a change that is not pending.
    Sms,
    /// The confirmation of a change of address, by mail.
    Change,
}

impl Asked {
    const fn name(self) -> &'static str {
        match self {
            Self::Recovery => "pause: recovery",
            Self::Confirmation => "pause: confirmation",
            Self::Sms => "pause: sms",
            Self::Change => "pause: change",
        }
    }
}

/// Begins the pause after a message that was not sent; 429 while one lasts.
pub async fn pretend(state: &State, asked: Asked, address: &str) -> Result<()> {
    let (pause, code) = match asked {
        Asked::Sms => (state.config.sms.max_frequency, ErrorCode::OverSmsSendRateLimit),
        _ => (
            state.config.email.max_frequency,
            ErrorCode::OverEmailSendRateLimit,
        ),
    };
    let now = state.now();
    let length = TimeDelta::from_std(pause).unwrap_or_default();
    // Whoever reads the table learns no addresses of strangers from it at a glance.
    let digest = sha256(format!("{}:{address}", asked.name()).as_bytes());
    let held = single_use::hold(&state.pool.batched(), asked.name(), &digest, now + length, now).await?;
    let sent_at = held.map(|until| until - length);
    check_frequency(now, sent_at, pause, code)
}
