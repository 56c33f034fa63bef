//! `POST /signup`: a user with a password, or an anonymous one (auth.md section 7).

use std::time::Instant;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request, State as Shared};
use axum::response::{IntoResponse, Response};
use ferrobase_db::Transaction;
use ferrobase_messages::SmsChannel;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::anonymous;
use crate::captcha::Solved;
use crate::codes::{Flow, Issuer, sms_channel};
use crate::error::{AuthError, ErrorCode, Result};
use crate::limits::Limited;
use crate::model::aal::Method;
use crate::model::address;
use crate::model::user::User;
use crate::new_user::{self, Address, NewIdentity};
use crate::nobody::{self, Asked};
use crate::password_rules;
use crate::request::RequestInfo;
use crate::sign_in::open_session;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::users;
use crate::texts::SmsPurpose;

#[derive(Deserialize)]
struct SignupRequest {
    email: Option<String>,
    phone: Option<String>,
    password: Option<String>,
    data: Option<Map<String, Value>>,
    channel: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

/// A checked request.
struct Signup {
    address: Address,
    data: Map<String, Value>,
    channel: SmsChannel,
    flow: Option<Flow>,
}

pub(in crate::routes) async fn create(Shared(state): Shared<State>, request: Request) -> Result<Response> {
    let (mut parts, body) = request.into_parts();
    let info = RequestInfo::from_request_parts(&mut parts, &state).await?;
    let headers = parts.headers.clone();
    let Solved(mut body) =
        Solved::<SignupRequest>::from_request(Request::from_parts(parts, body), &state).await?;
    let is_empty = |value: &Option<String>| value.as_deref().unwrap_or_default().is_empty();
    if is_empty(&body.email) && is_empty(&body.phone) {
        let data = body.data.unwrap_or_default();
        return anonymous::create(&state, &headers, &info, data)
            .await
            .map(IntoResponse::into_response);
    }
    state.limits.check(Limited::Signup, &headers)?;
    let password = body.password.take().unwrap_or_default();
    let signup = check(&state, body, &password).await?;
    // Hashed whether or not the address is taken: both take the same time.
    let hash = state.passwords.hash(password).await?;
    let started = Instant::now();
    let attempted = match attempt(&state, &info, &signup, &hash).await {
        // Somebody else took the address meanwhile; now it is found.
        Err(AuthError::Database { source, .. })
            if source.sqlstate() == Some("23505") && is_address(&source) =>
        {
            attempt(&state, &info, &signup, &hash).await
        }
        other => other,
    };
    match attempted? {
        Attempt::Done(response) => {
            state.paces.signup.record(started).await;
            Ok(response)
        }
        Attempt::Fabricated(response) => {
            let (asked, address) = match &signup.address {
                Address::Email(email) => (Asked::Confirmation, email),
                Address::Phone(phone) => (Asked::Sms, phone),
            };
            nobody::pretend(&state, asked, address).await?;
            state.paces.signup.imitate(started).await;
            Ok(response)
        }
    }
}

/// What came of a sign-up.
enum Attempt {
    /// A user was stored, or is asked once more to confirm.
    Done(Response),
    /// The address is taken; this only looks like a new user.
    Fabricated(Response),
}

fn is_address(error: &ferrobase_db::DbError) -> bool {
    matches!(
        error.constraint(),
        Some("users_email_partial_key" | "users_phone_key")
    )
}

/// The instance takes no new users.
pub(in crate::routes) fn disabled() -> AuthError {
    AuthError::unprocessable(ErrorCode::SignupDisabled, "Signups not allowed for this instance")
}

/// The checks, in the original's order.
async fn check(state: &State, body: SignupRequest, password: &str) -> Result<Signup> {
    let config = &state.config;
    if !config.signup_enabled {
        return Err(disabled());
    }
    if password.is_empty() {
        return Err(AuthError::validation("Signup requires a valid password"));
    }
    password_rules::check(state, password).await?;
    let email = body.email.filter(|email| !email.is_empty());
    let phone = body.phone.filter(|phone| !phone.is_empty());
    if email.is_some() && phone.is_some() {
        return Err(AuthError::validation(
            "Only an email address or phone number should be provided on signup.",
        ));
    }
    let channel = if phone.is_some() {
        sms_channel(state, body.channel.as_deref())?
    } else {
        SmsChannel::Sms
    };
    let has_flow = [&body.code_challenge, &body.code_challenge_method]
        .into_iter()
        .any(|value| value.as_deref().is_some_and(|value| !value.is_empty()));
    if phone.is_some() && has_flow {
        return Err(AuthError::validation("PKCE not supported for phone signups"));
    }
    let flow = Flow::parse(
        body.code_challenge.as_deref(),
        body.code_challenge_method.as_deref(),
    )?;
    let address = match (email, phone) {
        (Some(_), _) if !config.email.enabled => {
            return Err(AuthError::bad_request(
                ErrorCode::EmailProviderDisabled,
                "Email signups are disabled",
            ));
        }
        (Some(email), _) => Address::Email(address::email(&email)?),
        (None, _) if !config.sms.enabled => {
            return Err(AuthError::bad_request(
                ErrorCode::PhoneProviderDisabled,
                "Phone signups are disabled",
            ));
        }
        (None, phone) => Address::Phone(address::phone(phone.as_deref().unwrap_or_default())?),
    };
    Ok(Signup {
        address,
        data: body.data.unwrap_or_default(),
        channel,
        flow,
    })
}

async fn attempt(state: &State, info: &RequestInfo, signup: &Signup, hash: &str) -> Result<Attempt> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let existing = match &signup.address {
        Address::Email(email) => users::find_by_email(&tx, email, &info.audience).await?,
        Address::Phone(phone) => users::find_by_phone(&tx, phone, &info.audience).await?,
    };
    let is_confirmed = |user: &User| match signup.address {
        Address::Email(_) => user.is_email_confirmed(),
        Address::Phone(_) => user.is_phone_confirmed(),
    };
    let autoconfirm = match signup.address {
        Address::Email(_) => state.config.email.autoconfirm,
        Address::Phone(_) => state.config.sms.autoconfirm,
    };
    match existing {
        None => register(state, tx, info, signup, hash, autoconfirm)
            .await
            .map(Attempt::Done),
        // Nobody proved this address yet. Signing in here would hand over what somebody else prepared, so even where
        // addresses need no proof, this one does.
        Some(user) if !is_confirmed(&user) && !autoconfirm => confirm_again(state, tx, info, signup, user)
            .await
            .map(Attempt::Done),
        Some(user) => repeated(state, tx, info, signup, &user)
            .await
            .map(Attempt::Fabricated),
    }
}

async fn register(
    state: &State,
    tx: Transaction<'_>,
    info: &RequestInfo,
    signup: &Signup,
    hash: &str,
    autoconfirm: bool,
) -> Result<Response> {
    let provider = signup.address.provider();
    let mut user = new_user::with_address(state, info, &signup.address, signup.data.clone());
    user.encrypted_password = Some(state.vault.seal(user.id, hash)?);
    let mut data = signup.data.clone();
    data.extend(new_user::identity_data(&user, provider, false));
    if autoconfirm {
        match signup.address {
            Address::Email(_) => new_user::confirm_email(state, &mut user),
            Address::Phone(_) => new_user::confirm_phone(state, &mut user),
        }
    }
    new_user::store(
        state,
        &tx,
        &mut user,
        &[NewIdentity::of_address(provider, data)],
        info.ip,
    )
    .await?;
    if autoconfirm {
        let signed_up = audit::payload(
            Action::UserSignedUp,
            &user,
            Some(serde_json::json!({ "provider": provider })),
        );
        state.audit(&tx, &signed_up, None).await?;
        let login = audit::payload(
            Action::Login,
            &user,
            Some(serde_json::json!({ "provider": provider })),
        );
        let response = open_session(state, &tx, user, Method::Password, info, Some(login)).await?;
        tx.commit().await?;
        return Ok(response.into_response());
    }
    confirm_again(state, tx, info, signup, user).await
}

/// Sends the confirmation and answers with the bare user.
async fn confirm_again(
    state: &State,
    tx: Transaction<'_>,
    info: &RequestInfo,
    signup: &Signup,
    mut user: User,
) -> Result<Response> {
    let issuer = Issuer {
        state,
        tx: &tx,
        info,
        flow: signup.flow.as_ref(),
    };
    match &signup.address {
        Address::Email(_) => issuer.signup_confirmation(&mut user).await?,
        Address::Phone(phone) => {
            issuer
                .phone(&mut user, phone, SmsPurpose::SignIn, signup.channel)
                .await?;
        }
    }
    users::save(&tx, &mut user, state.now()).await?;
    let traits = serde_json::json!({ "provider": signup.address.provider() });
    state
        .audit(
            &tx,
            &audit::payload(Action::UserConfirmationRequested, &user, Some(traits)),
            None,
        )
        .await?;
    tx.commit().await?;
    if user.invited_at.is_some() {
        // What an administrator prepared is not for whoever types the address.
        user.user_metadata = Map::new();
        user.identities = Some(empty_list());
    }
    Ok(Json(user).into_response())
}

fn empty_list() -> Box<RawValue> {
    RawValue::from_string("[]".to_owned()).unwrap_or_default()
}

/// The address belongs to somebody. Where that can be told, it is; elsewhere the answer looks like a new user's.
async fn repeated(
    state: &State,
    tx: Transaction<'_>,
    info: &RequestInfo,
    signup: &Signup,
    user: &User,
) -> Result<Response> {
    let provider = signup.address.provider();
    let traits = serde_json::json!({ "provider": provider });
    state
        .audit(
            &tx,
            &audit::payload(Action::UserRepeatedSignup, user, Some(traits)),
            None,
        )
        .await?;
    tx.commit().await?;
    if state.config.email.autoconfirm || state.config.sms.autoconfirm {
        return Err(AuthError::unprocessable(
            ErrorCode::UserAlreadyExists,
            "User already registered",
        ));
    }
    let now = state.now();
    let mut fabricated = User::new(state.random.uuid(), &info.audience, "", now);
    match &signup.address {
        Address::Email(email) => fabricated.email = Some(email.clone()),
        Address::Phone(phone) => fabricated.phone = Some(phone.clone()),
    }
    fabricated.app_metadata = new_user::providers(&[provider]);
    fabricated.user_metadata.clone_from(&signup.data);
    fabricated.confirmation_sent_at = Some(now);
    fabricated.identities = Some(empty_list());
    Ok(Json(fabricated).into_response())
}
