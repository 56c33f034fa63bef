//! `POST /factors/{factor_id}/verify`: prove the possession of a factor and reach aal2 (auth.md 6.3).
//!
//! Stronger than the original in three ways: a TOTP code is accepted once, a challenge dies after a few wrong codes,
//! and a factor or user that is guessed at pauses. All counts are kept in the database and taken under a lock.

use std::net::IpAddr;

use axum::extract::{FromRequest, FromRequestParts, Path, Request, State as Shared};
use ferrobase_db::Transaction;
use ferrobase_jwt::constant_time_eq;
use futures_util::future::join;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{factor_not_found, verify_disabled};
use crate::caller::{self, Bearer, path_uuid};
use crate::error::{AuthError, ErrorCode, Result};
use crate::limits::Limited;
use crate::mail::Notification;
use crate::model::factor::{Factor, FactorType};
use crate::model::session::delta;
use crate::model::totp;
use crate::model::user::Time;
use crate::request::{Body, client_ip};
use crate::sign_in::TokenResponse;
use crate::state::State;
use crate::step_up;
use crate::store::sessions;
use crate::store::verification::{self, AttemptLimits, Challenge, Loaded};
use crate::webauthn::{self, WebauthnProof};

mod by_provider;

#[derive(Deserialize)]
pub(in crate::routes) struct VerifyRequest {
    challenge_id: Option<Uuid>,
    code: Option<String>,
    webauthn: Option<Value>,
}

pub(in crate::routes) async fn check(
    Shared(state): Shared<State>,
    Path(factor_id): Path<String>,
    request: Request,
) -> Result<TokenResponse> {
    let (mut parts, body) = request.into_parts();
    state.limits.check(Limited::MfaVerify, &parts.headers)?;
    let bearer = Bearer::from_request_parts(&mut parts, &state).await?;
    bearer.refuse_anonymous()?;
    let ip = client_ip(&parts);
    let body = Body::<VerifyRequest>::from_request(Request::from_parts(parts, body), &state).await;
    // The caller and the factor are judged before the body, as in the original.
    let factor_id = path_uuid(&factor_id, "factor_id");
    let (factor, challenge) = match (&factor_id, &body) {
        (Ok(factor), Ok(Body(body))) => (*factor, body.challenge_id.unwrap_or_default()),
        (Ok(factor), Err(_)) => (*factor, Uuid::nil()),
        (Err(_), _) => (Uuid::nil(), Uuid::nil()),
    };

    let approved = match &body {
        Ok(Body(body)) if state.texts.may_make_codes() => {
            by_provider::ask(&state, &bearer, factor, challenge, ip, body).await?
        }
        _ => None,
    };

    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let load = verification::load(&tx, bearer.user_id, bearer.session_id, factor, challenge);
    let (locked, loaded) = join(verification::lock(&tx, bearer.user_id), load).await;
    locked?;
    let mut loaded = loaded?.ok_or_else(caller::missing_user)?;
    if bearer.session_id.is_some() && loaded.session.is_none() {
        return Err(caller::missing_session());
    }
    let now = state.now();
    if loaded.user.is_banned(now) {
        return Err(caller::banned());
    }
    factor_id?;
    let factor = loaded.factor.take().ok_or_else(factor_not_found)?;
    let Body(body) = body?;
    let attempt = Attempt {
        state: &state,
        ip,
        now,
        factor: &factor,
        approved,
    };
    let proof = attempt.proof(&body)?;
    let tx = attempt.usable_challenge(tx, &mut loaded).await?;
    match proof {
        Proof::Code(code) => Box::pin(attempt.verify_code(tx, loaded, code)).await,
        Proof::Webauthn(proof) => Box::pin(attempt.verify_webauthn(tx, loaded, proof)).await,
    }
}

enum Proof<'a> {
    Code(&'a str),
    Webauthn(WebauthnProof<'a>),
}

/// One verification of one factor.
struct Attempt<'a> {
    state: &'a State,
    ip: IpAddr,
    now: Time,
    factor: &'a Factor,
    /// What the SMS provider said about the code, when it is the one who knows.
    approved: Option<bool>,
}

impl Attempt<'_> {
    /// Steps 2 and 3: what is offered as a proof, and whether this kind may be verified at all.
    fn proof<'b>(&self, body: &'b VerifyRequest) -> Result<Proof<'b>> {
        let mfa = &self.state.config.mfa;
        let kind = self.factor.factor_type;
        let code = body.code.as_deref().unwrap_or_default();
        if kind != FactorType::Webauthn && code.is_empty() {
            return Err(AuthError::validation("Code needs to be non-empty"));
        }
        let enabled = match kind {
            FactorType::Totp => mfa.totp.verify,
            FactorType::Phone => mfa.phone.verify,
            FactorType::Webauthn => mfa.web_authn.verify,
            FactorType::RecoveryCode => {
                return Err(AuthError::unprocessable(
                    ErrorCode::ValidationFailed,
                    "Recovery codes are verified with POST /factors/recovery-codes/verify",
                ));
            }
        };
        if !enabled {
            return Err(verify_disabled(kind));
        }
        if kind == FactorType::Webauthn {
            return WebauthnProof::read(body.webauthn.as_ref()).map(Proof::Webauthn);
        }
        Ok(Proof::Code(code))
    }

    /// Steps 4 to 6: the challenge exists, is unused, comes from the same address and is still alive.
    async fn usable_challenge<'t>(
        &self,
        tx: Transaction<'t>,
        loaded: &mut Loaded,
    ) -> Result<Transaction<'t>> {
        let Some(challenge) = &loaded.challenge else {
            return Err(AuthError::unprocessable(
                ErrorCode::MfaFactorNotFound,
                "MFA factor with the provided challenge ID not found",
            ));
        };
        if challenge.verified_at.is_some() || challenge.ip != self.ip {
            return Err(AuthError::unprocessable(
                ErrorCode::MfaIpAddressMismatch,
                "Challenge and verify IP addresses mismatch.",
            ));
        }
        if self.is_dead(challenge) {
            let id = challenge.id;
            crate::store::challenges::delete(&tx, id).await?;
            tx.commit().await?;
            return Err(AuthError::unprocessable(
                ErrorCode::MfaChallengeExpired,
                format!(
                    "MFA challenge {id} has expired, verify against another challenge or create a new challenge."
                ),
            ));
        }
        let pauses = [loaded.factor_locked_until, loaded.user_locked_until];
        if pauses.into_iter().flatten().any(|until| self.now < until) {
            return Err(AuthError::too_many(
                ErrorCode::OverRequestRateLimit,
                "Request rate limit reached",
            ));
        }
        Ok(tx)
    }

    fn is_dead(&self, challenge: &Challenge) -> bool {
        let mfa = &self.state.config.mfa;
        let guessed_out =
            mfa.max_attempts_per_challenge > 0 && challenge.failures >= mfa.max_attempts_per_challenge;
        guessed_out || self.now > challenge.created_at + delta(mfa.challenge_expiry)
    }

    /// Steps 7 to 9 for TOTP and phone.
    async fn verify_code(&self, tx: Transaction<'_>, loaded: Loaded, code: &str) -> Result<TokenResponse> {
        let step = match self.factor.factor_type {
            FactorType::Totp => self.totp_step(loaded.last_step, code)?,
            _ => self
                .phone_code_matches(loaded.challenge.as_ref(), code)?
                .then_some(None),
        };
        if let Some(refusal) = self.ask_hook(&tx, &loaded, step.is_some()).await? {
            // The refusal ends all sessions of the user, which lasts although the request is refused.
            sessions::delete_all(&tx, loaded.user.id).await?;
            tx.commit().await?;
            return Err(refusal);
        }
        match step {
            Some(step) => self.succeed(tx, loaded, step, false).await,
            None => Err(self.fail(tx, &loaded).await?),
        }
    }

    /// The matching step of a TOTP code; a step that was accepted before does not match again (RFC 6238 §5.2).
    /// `Some(None)`: the code is right and need not be remembered.
    fn totp_step(&self, last_step: Option<i64>, code: &str) -> Result<Option<Option<i64>>> {
        let secret = self
            .state
            .vault
            .open(self.factor.id, self.factor.secret.as_deref().unwrap_or_default())?;
        let Some(step) = totp::matching_step(&secret, code, self.now.timestamp()) else {
            return Ok(None);
        };
        if !self.state.config.mfa.reject_replayed_codes {
            return Ok(Some(None));
        }
        Ok(if last_step.is_some_and(|last| step <= last) {
            None
        } else {
            Some(Some(step))
        })
    }

    fn phone_code_matches(&self, challenge: Option<&Challenge>, code: &str) -> Result<bool> {
        if let Some(approved) = self.approved {
            return Ok(approved);
        }
        let Some((id, sent)) = challenge.and_then(|c| Some((c.id, c.otp_code.as_deref()?))) else {
            return Ok(false);
        };
        let sent = self.state.vault.open(id, sent)?;
        Ok(!sent.is_empty() && constant_time_eq(sent.as_bytes(), code.as_bytes()))
    }

    /// Step 8: the hook hears every verdict and may refuse.
    async fn ask_hook(
        &self,
        tx: &Transaction<'_>,
        loaded: &Loaded,
        valid: bool,
    ) -> Result<Option<AuthError>> {
        if !self.state.hooks.has_mfa_verification() {
            return Ok(None);
        }
        let kind = self.factor.factor_type.as_str();
        let verdict = self
            .state
            .hooks
            .mfa_verification_attempt(tx, loaded.user.id, self.factor.id, kind, valid, self.ip)
            .await?;
        Ok(verdict
            .rejected
            .map(|message| AuthError::forbidden(ErrorCode::MfaVerificationRejected, message)))
    }

    /// Step 9: counts the wrong code, which lasts although the request is refused.
    async fn fail(&self, tx: Transaction<'_>, loaded: &Loaded) -> Result<AuthError> {
        let challenge_id = loaded.challenge.as_ref().map(|challenge| challenge.id);
        let limits = attempt_limits(self.state);
        verification::record_failure(
            &tx,
            loaded.user.id,
            self.factor.id,
            challenge_id,
            limits,
            self.now,
        )
        .await?;
        tx.commit().await?;
        if self.approved.is_some() {
            return Ok(AuthError::forbidden(
                ErrorCode::OtpExpired,
                "Token has expired or is invalid",
            ));
        }
        let message = match self.factor.factor_type {
            FactorType::Phone => "Invalid MFA Phone code entered",
            _ => "Invalid TOTP code entered",
        };
        Ok(AuthError::unprocessable(
            ErrorCode::MfaVerificationFailed,
            message,
        ))
    }

    async fn verify_webauthn(
        &self,
        tx: Transaction<'_>,
        loaded: Loaded,
        proof: WebauthnProof<'_>,
    ) -> Result<TokenResponse> {
        let challenge_state = loaded
            .challenge
            .as_ref()
            .and_then(|challenge| challenge.webauthn_state.as_ref());
        webauthn::verify(self.state, &tx, self.factor, challenge_state, proof, self.now).await?;
        self.succeed(tx, loaded, None, true).await
    }

    async fn succeed(
        &self,
        tx: Transaction<'_>,
        loaded: Loaded,
        step: Option<i64>,
        delete_challenge: bool,
    ) -> Result<TokenResponse> {
        let step_up = step_up::StepUp {
            factor: self.factor,
            challenge_id: loaded.challenge.as_ref().map(|challenge| challenge.id),
            delete_challenge,
            step,
            ip: self.ip,
            now: self.now,
            traits: json!({
                "factor_id": self.factor.id,
                "challenge_id": loaded.challenge.as_ref().map(|challenge| challenge.id),
                "factor_type": self.factor.factor_type.as_str(),
            }),
        };
        let Some(response) = step_up::lift(self.state, tx, loaded, step_up).await? else {
            return Err(AuthError::unprocessable(
                ErrorCode::MfaVerificationFailed,
                "Invalid TOTP code entered",
            ));
        };
        if !self.factor.verified {
            let factor_type = self.factor.factor_type.as_str();
            self.state
                .mailer
                .notify(
                    &response.user_value(),
                    Notification::MfaFactorEnrolled { factor_type },
                )
                .await;
        }
        Ok(response)
    }
}

/// The configured limits on wrong codes. A user with several factors gets twice the allowance of one factor.
pub(in crate::routes) fn attempt_limits(state: &State) -> AttemptLimits {
    let mfa = &state.config.mfa;
    AttemptLimits {
        per_factor: mfa.max_attempts_per_factor,
        per_user: mfa.max_attempts_per_factor.saturating_mul(2),
        window_seconds: mfa.attempt_window.as_secs_f64(),
    }
}
