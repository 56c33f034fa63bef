//! Codes that the SMS provider made and checks itself (Twilio Verify; auth.md 19.2).
//!
//! The provider knows numbers, not users. What ties its word to a user is the token that is pending since the code was
//! sent; a number that is pending for two users at once proves nothing for either.

use std::time::Duration;

use ferrobase_db::Transaction;

use super::{Proof, expired, token_types};
use crate::error::Result;
use crate::model::one_time::TokenType;
use crate::model::session::delta;
use crate::model::user::{Time, User};
use crate::state::State;
use crate::store::one_time_tokens;

/// How long the provider's own codes live, unless it was told otherwise.
const PROVIDERS_EXPIRY: Duration = Duration::from_secs(600);

/// Asks the provider about a code that it made; any other proof stays as it is. To be called before there is a
/// transaction, so that a slow provider takes no connection from anybody.
pub async fn ask_provider<'a>(state: &State, verification_type: &str, proof: Proof<'a>) -> Result<Proof<'a>> {
    let Proof::PhoneCode(phone, code) = proof else {
        return Ok(proof);
    };
    let Some(types) = token_types(verification_type, &proof) else {
        return Ok(proof);
    };
    if !state.texts.provider_makes_codes(phone) {
        return Ok(proof);
    }
    // Only who waits for a code is worth a question.
    let pending = one_time_tokens::users_waiting(&state.pool.reads(), phone, types, oldest(state)).await?;
    if pending.is_empty() || !state.texts.provider_approves(phone, code).await {
        return Err(expired(&proof));
    }
    Ok(Proof::ApprovedPhone(phone))
}

/// The locked user who waits for a code at `phone`.
pub(super) async fn lock_pending(
    state: &State,
    tx: &Transaction<'_>,
    phone: &str,
    types: &[TokenType],
) -> Result<Option<(User, TokenType)>> {
    let waiting = one_time_tokens::users_waiting(tx, phone, types, oldest(state)).await?;
    let [(user_id, token_type)] = waiting.as_slice() else {
        return Ok(None);
    };
    let Some(user) = crate::store::users::lock(tx, *user_id).await? else {
        return Ok(None);
    };
    let (pending, address) = match token_type {
        TokenType::PhoneChange => (&user.phone_change_token, user.phone_change.as_str()),
        _ => (&user.confirmation_token, user.phone()),
    };
    // Since the first look the token may have been used, or the number changed.
    let is_waiting = !pending.is_empty() && address == phone;
    Ok(is_waiting.then_some((user, *token_type)))
}

fn oldest(state: &State) -> Time {
    state.now() - delta(state.config.sms.otp_expiry.max(PROVIDERS_EXPIRY))
}
