//! `POST /factors/{factor_id}/challenge`: ask for a proof (auth.md 6.2).

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State as Shared};
use ferrobase_messages::SmsChannel;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{factor_not_found, verify_disabled};
use crate::caller::{self, Authenticated, Bearer, path_uuid};
use crate::error::{AuthError, ErrorCode, Result};
use crate::limits::Limited;
use crate::model::factor::{Factor, FactorType};
use crate::model::one_time;
use crate::model::session::delta;
use crate::model::user::Time;
use crate::request::{Body, client_ip};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::challenges::{self, TotpChallenge};
use crate::store::factors;
use crate::texts::SmsPurpose;
use crate::webauthn;

#[derive(Serialize)]
pub(in crate::routes) struct ChallengeResponse {
    id: Uuid,
    #[serde(rename = "type")]
    factor_type: &'static str,
    expires_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    webauthn: Option<Value>,
}

#[derive(Default, Deserialize)]
struct PhoneChallenge {
    channel: Option<String>,
}

/// A TOTP challenge reads no body and is one statement; the other kinds are found out by it and go on from there.
pub(in crate::routes) async fn create(
    Shared(state): Shared<State>,
    Path(factor_id): Path<String>,
    request: Request,
) -> Result<Json<ChallengeResponse>> {
    let (mut parts, body) = request.into_parts();
    state.limits.check(Limited::MfaChallenge, &parts.headers)?;
    let bearer = Bearer::from_request_parts(&mut parts, &state).await?;
    bearer.refuse_anonymous()?;
    let factor_id = path_uuid(&factor_id, "factor_id")?;
    let challenge = TotpChallenge {
        user_id: bearer.user_id,
        session_id: bearer.session_id,
        factor_id,
        enabled: state.config.mfa.totp.verify,
        id: state.random.uuid(),
        ip: client_ip(&parts),
        audit_id: state.config.audit_log_in_database.then(|| state.random.uuid()),
        now: state.now(),
    };
    match challenge_totp(&state, &challenge).await? {
        FactorType::Totp => Ok(answer(
            &state,
            challenge.id,
            FactorType::Totp,
            challenge.now,
            None,
        )),
        FactorType::Phone => {
            let caller = Authenticated::from_request_parts(&mut parts, &state).await?;
            let Body(body) =
                Body::<PhoneChallenge>::from_request(Request::from_parts(parts, body), &state).await?;
            challenge_phone(&state, &caller, &challenge, body.channel.as_deref()).await
        }
        FactorType::Webauthn => {
            let caller = Authenticated::from_request_parts(&mut parts, &state).await?;
            let Body(_) = Body::<serde_json::Map<String, Value>>::from_request(
                Request::from_parts(parts, body),
                &state,
            )
            .await?;
            challenge_webauthn(&state, &caller, &challenge).await
        }
        FactorType::RecoveryCode => Err(AuthError::unprocessable(
            ErrorCode::ValidationFailed,
            "Recovery codes need no challenge, use /factors/recovery-codes/verify",
        )),
    }
}

/// Tries the statement for TOTP; the factor's kind, or the first refusal in the original's order.
async fn challenge_totp(state: &State, challenge: &TotpChallenge) -> Result<FactorType> {
    let mut attempt = challenges::create_totp(&state.pool.batched(), challenge).await;
    if attempt
        .as_ref()
        .is_err_and(|error| error.sqlstate() == Some("23505"))
    {
        // last_challenged_at is unique over all factors: two challenges in one microsecond collide. Time has moved on.
        let later = TotpChallenge {
            now: state.now(),
            ..*challenge
        };
        attempt = challenges::create_totp(&state.pool.batched(), &later).await;
    }
    let outcome = attempt?.ok_or_else(caller::missing_user)?;
    if challenge.session_id.is_some() && !outcome.has_session {
        return Err(caller::missing_session());
    }
    if outcome.banned_until.is_some_and(|until| challenge.now < until) {
        return Err(caller::banned());
    }
    let kind = outcome.factor_type.ok_or_else(factor_not_found)?;
    let mfa = &state.config.mfa;
    let enabled = match kind {
        FactorType::Totp => mfa.totp.verify,
        FactorType::Phone => mfa.phone.verify,
        FactorType::Webauthn => mfa.web_authn.verify,
        FactorType::RecoveryCode => mfa.recovery_codes.verify,
    };
    if enabled {
        Ok(kind)
    } else {
        Err(verify_disabled(kind))
    }
}

fn answer(
    state: &State,
    id: Uuid,
    kind: FactorType,
    now: Time,
    webauthn: Option<Value>,
) -> Json<ChallengeResponse> {
    let expires_at = (now + delta(state.config.mfa.challenge_expiry)).timestamp();
    Json(ChallengeResponse {
        id,
        factor_type: kind.as_str(),
        expires_at,
        webauthn,
    })
}

/// Sends a code. The message goes out before anything is written, so that a failed send does not start the timer.
async fn challenge_phone(
    state: &State,
    caller: &Authenticated,
    challenge: &TotpChallenge,
    channel: Option<&str>,
) -> Result<Json<ChallengeResponse>> {
    let factor = find(state, challenge).await?;
    let channel = sms_channel(state, channel)?;
    let mfa = &state.config.mfa;
    if let Some(last) = factor.last_challenged_at {
        let left = (last + delta(mfa.phone_max_frequency) - challenge.now).num_milliseconds();
        if left > 0 {
            let seconds = (left + 999) / 1000;
            return Err(AuthError::too_many(
                ErrorCode::OverSmsSendRateLimit,
                format!("For security purposes, you can only request this after {seconds} seconds."),
            ));
        }
    }
    let phone = factor.phone.as_deref().unwrap_or_default();
    let code = match state.texts.test_code(phone) {
        Some(code) => code.to_owned(),
        None => one_time::code(&state.random, mfa.phone_otp_length),
    };
    let user = caller.user.to_value();
    state
        .texts
        .send_code(&state.pool, &user, phone, &code, SmsPurpose::Mfa, channel)
        .await?;
    // A code that the provider makes is the provider's to check.
    let ours = (!state.texts.provider_makes_codes(phone)).then_some(code.as_str());
    write(state, caller, challenge, &factor, ours, None).await?;
    Ok(answer(
        state,
        challenge.id,
        FactorType::Phone,
        challenge.now,
        None,
    ))
}

async fn challenge_webauthn(
    state: &State,
    caller: &Authenticated,
    challenge: &TotpChallenge,
) -> Result<Json<ChallengeResponse>> {
    let factor = find(state, challenge).await?;
    let (options, session_data) = webauthn::challenge(state, &caller.user, &factor).await?;
    write(state, caller, challenge, &factor, None, Some(&session_data)).await?;
    Ok(answer(
        state,
        challenge.id,
        FactorType::Webauthn,
        challenge.now,
        Some(options),
    ))
}

async fn find(state: &State, challenge: &TotpChallenge) -> Result<Factor> {
    factors::find(&state.pool, challenge.user_id, challenge.factor_id)
        .await?
        .ok_or_else(factor_not_found)
}

fn sms_channel(state: &State, channel: Option<&str>) -> Result<SmsChannel> {
    match channel.filter(|channel| !channel.is_empty()) {
        None | Some("sms") => Ok(SmsChannel::Sms),
        Some("whatsapp")
            if state.hooks.has_send_sms() || state.config.sms.provider_name.starts_with("twilio") =>
        {
            Ok(SmsChannel::Whatsapp)
        }
        Some(_) if state.hooks.has_send_sms() => Ok(SmsChannel::Sms),
        Some(_) => Err(AuthError::validation(
            "channel must be sms, or whatsapp where Twilio is the provider",
        )),
    }
}

async fn write(
    state: &State,
    caller: &Authenticated,
    challenge: &TotpChallenge,
    factor: &Factor,
    code: Option<&str>,
    webauthn_state: Option<&Value>,
) -> Result<()> {
    let sealed = code
        .map(|code| state.vault.seal(challenge.id, code))
        .transpose()?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    challenges::create(
        &tx,
        challenge.id,
        factor.id,
        challenge.ip,
        sealed.as_deref(),
        webauthn_state,
        challenge.now,
    )
    .await?;
    // The original writes no audit row for security keys.
    if state.config.audit_log_in_database && factor.factor_type == FactorType::Phone {
        let traits = json!({ "factor_id": factor.id });
        let payload = audit::payload(Action::ChallengeCreated, &caller.user, Some(traits));
        audit::insert(
            &tx,
            state.random.uuid(),
            &payload,
            challenge.now,
            Some(challenge.ip),
        )
        .await?;
    }
    tx.commit().await?;
    Ok(())
}
