//! Phone codes that the SMS provider made and checks itself (Twilio Verify; auth.md 19.2).

use std::net::IpAddr;

use uuid::Uuid;

use super::{Attempt, VerifyRequest};
use crate::caller::Bearer;
use crate::error::Result;
use crate::model::factor::FactorType;
use crate::state::State;
use crate::store::verification;

/// Asks the provider, if the factor is a number whose codes it makes and the attempt would be judged at all. `None`: there
/// was nothing to ask; what speaks against the caller is then told by the transaction of the verdict.
///
/// The question comes before that transaction, so that a slow provider takes no connection from anybody.
/// Attempts that run side by side are each counted there, and one that comes after the factor paused is refused although
/// its code was right; besides, the provider ends a code after five wrong attempts.
pub(super) async fn ask(
    state: &State,
    bearer: &Bearer,
    factor_id: Uuid,
    challenge_id: Uuid,
    ip: IpAddr,
    body: &VerifyRequest,
) -> Result<Option<bool>> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let Some(mut loaded) =
        verification::load(&tx, bearer.user_id, bearer.session_id, factor_id, challenge_id).await?
    else {
        return Ok(None);
    };
    let Some(factor) = loaded.factor.take() else {
        return Ok(None);
    };
    let phone = factor.phone.clone().unwrap_or_default();
    if factor.factor_type != FactorType::Phone || !state.texts.provider_makes_codes(&phone) {
        return Ok(None);
    }
    let attempt = Attempt {
        state,
        ip,
        now: state.now(),
        factor: &factor,
        approved: None,
    };
    let lost_session = bearer.session_id.is_some() && loaded.session.is_none();
    if lost_session || loaded.user.is_banned(attempt.now) || attempt.proof(body).is_err() {
        return Ok(None);
    }
    // A refusal here is the answer: finding a dead challenge removes it, so it is not found again.
    attempt
        .usable_challenge(tx, &mut loaded)
        .await?
        .rollback()
        .await?;
    drop(connection);
    let code = body.code.as_deref().unwrap_or_default();
    Ok(Some(state.texts.provider_approves(&phone, code).await))
}
