//! `POST /magiclink`: a link to sign in (auth.md 9.2); `/otp` with an e-mail does the same.
//!
//! Who is unknown or unconfirmed signs up with a password that nobody knows.

use std::time::Instant;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request, State as Shared};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::existing::{self, Link};
use crate::captcha::Solved;
use crate::codes::{Flow, Issuer};
use crate::error::{AuthError, ErrorCode, Result};
use crate::limits::Limited;
use crate::model::address;
use crate::new_user::{self, Address, NewIdentity};
use crate::request::RequestInfo;
use crate::routes::sign_up::signup;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::users;

#[derive(Deserialize)]
struct MagicLinkRequest {
    email: Option<String>,
    data: Option<Map<String, Value>>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

pub(in crate::routes) async fn send(Shared(state): Shared<State>, request: Request) -> Result<Json<Value>> {
    let (mut parts, body) = request.into_parts();
    state.limits.check(Limited::MagicLink, &parts.headers)?;
    let info = RequestInfo::from_request_parts(&mut parts, &state).await?;
    let Solved(body) =
        Solved::<MagicLinkRequest>::from_request(Request::from_parts(parts, body), &state).await?;
    let Some(email) = body.email.filter(|email| !email.is_empty()) else {
        return Err(AuthError::unprocessable(
            ErrorCode::ValidationFailed,
            "Password recovery requires an email",
        ));
    };
    let flow = Flow::parse(
        body.code_challenge.as_deref(),
        body.code_challenge_method.as_deref(),
    )?;
    let link = MagicLink {
        email: address::email(&email)?,
        data: body.data.unwrap_or_default(),
        flow,
    };
    link.send(&state, &info).await
}

/// A checked request.
pub(super) struct MagicLink {
    pub(super) email: String,
    pub(super) data: Map<String, Value>,
    pub(super) flow: Option<Flow>,
}

impl MagicLink {
    pub(super) async fn send(&self, state: &State, info: &RequestInfo) -> Result<Json<Value>> {
        let config = &state.config.email;
        if !config.enabled {
            return Err(AuthError::unprocessable(
                ErrorCode::EmailProviderDisabled,
                "Email logins are disabled",
            ));
        }
        if !config.magic_link_enabled {
            let message = "Login with magic link is disabled";
            return Err(AuthError::unprocessable(
                ErrorCode::EmailProviderDisabled,
                message,
            ));
        }
        let started = Instant::now();
        let known = users::find_by_email(&state.pool, &self.email, &info.audience).await?;
        let is_member = known
            .as_ref()
            .is_some_and(|user| user.is_email_confirmed() || config.autoconfirm);
        if !is_member {
            if known.is_none() && !state.config.signup_enabled {
                return Err(signup::disabled());
            }
            let hash = state.passwords.unusable();
            let is_confirmed = match self.sign_up(state, info, &hash).await {
                // Somebody else took the address meanwhile; now it is found.
                Err(AuthError::Database { source, .. })
                    if source.is_unique_violation("users_email_partial_key") =>
                {
                    self.sign_up(state, info, &hash).await?
                }
                other => other?,
            };
            if is_confirmed {
                existing::send(state, info, &self.email, Link::Magic, self.flow.as_ref()).await?;
            }
            state.paces.magic_link.record(started).await;
            return Ok(existing::empty());
        }
        existing::send(state, info, &self.email, Link::Magic, self.flow.as_ref()).await?;
        // Storing a new user takes longer.
        state.paces.magic_link.imitate(started).await;
        Ok(existing::empty())
    }

    /// Stores the user if there is none, and asks for confirmation where addresses need one. Says whether the address
    /// needs none any more, so that a sign-in link can follow.
    async fn sign_up(&self, state: &State, info: &RequestInfo, hash: &str) -> Result<bool> {
        let mut connection = state.pool.get().await?;
        let tx = connection.begin().await?;
        let known = match users::find_by_email(&tx, &self.email, &info.audience).await? {
            Some(user) => users::lock(&tx, user.id).await?,
            None => None,
        };
        let mut user = match known {
            // Confirmed, or made by a twin of this request, since the first look.
            Some(user) if user.is_email_confirmed() => return Ok(true),
            Some(user) => user,
            None => {
                let address = Address::Email(self.email.clone());
                let mut user = new_user::with_address(state, info, &address, self.data.clone());
                user.encrypted_password = Some(state.vault.seal(user.id, hash)?);
                let mut data = self.data.clone();
                data.extend(new_user::identity_data(&user, "email", false));
                if state.config.email.autoconfirm {
                    new_user::confirm_email(state, &mut user);
                }
                new_user::store(
                    state,
                    &tx,
                    &mut user,
                    &[NewIdentity::of_address("email", data)],
                    info.ip,
                )
                .await?;
                user
            }
        };
        let traits = Some(json!({ "provider": "email" }));
        let action = if state.config.email.autoconfirm {
            Action::UserSignedUp
        } else {
            let issuer = Issuer {
                state,
                tx: &tx,
                info,
                flow: self.flow.as_ref(),
            };
            issuer.signup_confirmation(&mut user).await?;
            users::save(&tx, &mut user, state.now()).await?;
            Action::UserConfirmationRequested
        };
        state
            .audit(&tx, &audit::payload(action, &user, traits), None)
            .await?;
        tx.commit().await?;
        Ok(state.config.email.autoconfirm)
    }
}
