//! `POST /resend`: the last confirmation once more (auth.md 9.4). Whoever has nothing pending gets the same answer.

use std::time::Instant;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request, State as Shared};
use ferrobase_db::Transaction;
use ferrobase_messages::SmsChannel;
use serde::Deserialize;
use serde_json::{Value, json};

use super::existing::empty;
use crate::captcha::Solved;
use crate::codes::{Flow, Issuer};
use crate::error::{AuthError, ErrorCode, Result};
use crate::limits::Limited;
use crate::model::address;
use crate::model::user::User;
use crate::nobody::{self, Asked};
use crate::request::RequestInfo;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::users;
use crate::texts::SmsPurpose;

#[derive(Deserialize)]
struct ResendRequest {
    r#type: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

#[derive(Clone, Copy)]
enum Kind {
    Signup,
    EmailChange,
    Sms,
    PhoneChange,
}

pub(in crate::routes) async fn send(Shared(state): Shared<State>, request: Request) -> Result<Json<Value>> {
    let started = Instant::now();
    let (mut parts, body) = request.into_parts();
    state.limits.check(Limited::Resend, &parts.headers)?;
    let info = RequestInfo::from_request_parts(&mut parts, &state).await?;
    let Solved(body) =
        Solved::<ResendRequest>::from_request(Request::from_parts(parts, body), &state).await?;
    let email = body.email.as_deref().filter(|email| !email.is_empty());
    let phone = body.phone.as_deref().filter(|phone| !phone.is_empty());
    let kind = kind(
        body.r#type.as_deref().unwrap_or_default(),
        email.is_some(),
        phone.is_some(),
    )?;
    let flow = Flow::parse(
        body.code_challenge.as_deref(),
        body.code_challenge_method.as_deref(),
    )?;

    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let found = find(&state, &tx, &info, email, phone).await?;
    let Some(mut user) = found.filter(|user| is_pending(kind, user)) else {
        drop(connection);
        let address = match (email, phone) {
            (Some(email), _) => email.to_lowercase(),
            (None, phone) => address::phone_digits(phone.unwrap_or_default()),
        };
        return nothing_to_send(&state, kind, &address, started).await;
    };
    let issuer = Issuer {
        state: &state,
        tx: &tx,
        info: &info,
        flow: flow.as_ref(),
    };
    let (action, message_id) = match kind {
        Kind::Signup => {
            issuer.signup_confirmation(&mut user).await?;
            (Action::UserConfirmationRequested, None)
        }
        Kind::EmailChange => {
            let new_email = user.email_change.clone();
            issuer.email_change(&mut user, &new_email).await?;
            (Action::UserModified, None)
        }
        Kind::Sms => {
            let phone = user.phone().to_owned();
            let id = issuer
                .phone(&mut user, &phone, SmsPurpose::SignIn, SmsChannel::Sms)
                .await?;
            (Action::UserRecoveryRequested, id)
        }
        Kind::PhoneChange => {
            let phone = user.phone_change.clone();
            let id = issuer
                .phone(&mut user, &phone, SmsPurpose::PhoneChange, SmsChannel::Sms)
                .await?;
            (Action::UserModified, id)
        }
    };
    users::save(&tx, &mut user, state.now()).await?;
    state
        .audit(&tx, &audit::payload(action, &user, None), None)
        .await?;
    tx.commit().await?;
    drop(connection);
    state.paces.resend.record(started).await;
    Ok(message_id.map_or_else(empty, |id| Json(json!({ "message_id": id }))))
}

/// The answer to an address for which nothing is pending.
async fn nothing_to_send(state: &State, kind: Kind, address: &str, started: Instant) -> Result<Json<Value>> {
    let asked = match kind {
        Kind::Signup => Asked::Confirmation,
        Kind::EmailChange => Asked::Change,
        Kind::Sms | Kind::PhoneChange => Asked::Sms,
    };
    nobody::pretend(state, asked, address).await?;
    state.paces.resend.imitate(started).await;
    Ok(empty())
}

fn kind(name: &str, has_email: bool, has_phone: bool) -> Result<Kind> {
    let kind = match name {
        "signup" => Kind::Signup,
        "email_change" => Kind::EmailChange,
        "sms" => Kind::Sms,
        "phone_change" => Kind::PhoneChange,
        _ => {
            return Err(AuthError::validation(
                "Missing one of these types: signup, email_change, sms, phone_change",
            ));
        }
    };
    match kind {
        Kind::Signup if !has_email => Err(AuthError::validation("Type provided requires an email address")),
        Kind::Sms if !has_phone => Err(AuthError::validation("Type provided requires a phone number")),
        _ if has_email && has_phone => Err(AuthError::validation(
            "Only an email address or phone number should be provided.",
        )),
        _ if !has_email && !has_phone => Err(AuthError::validation("Missing email address or phone number")),
        _ => Ok(kind),
    }
}

/// The locked user who has the address now.
async fn find(
    state: &State,
    tx: &Transaction<'_>,
    info: &RequestInfo,
    email: Option<&str>,
    phone: Option<&str>,
) -> Result<Option<User>> {
    let found = match (email, phone) {
        (Some(_), _) if !state.config.email.enabled => {
            return Err(AuthError::bad_request(
                ErrorCode::EmailProviderDisabled,
                "Email logins are disabled",
            ));
        }
        (Some(email), _) => users::find_by_email(tx, &address::email(email)?, &info.audience).await?,
        (None, _) if !state.config.sms.enabled => {
            return Err(AuthError::bad_request(
                ErrorCode::PhoneProviderDisabled,
                "Unsupported phone provider",
            ));
        }
        (None, phone) => {
            let phone = address::phone(phone.unwrap_or_default())?;
            users::find_by_phone(tx, &phone, &info.audience).await?
        }
    };
    match found {
        Some(user) => Ok(users::lock(tx, user.id).await?),
        None => Ok(None),
    }
}

fn is_pending(kind: Kind, user: &User) -> bool {
    match kind {
        Kind::Signup => !user.is_email_confirmed(),
        Kind::Sms => !user.is_phone_confirmed(),
        Kind::EmailChange => !user.email_change.is_empty(),
        Kind::PhoneChange => !user.phone_change.is_empty(),
    }
}
