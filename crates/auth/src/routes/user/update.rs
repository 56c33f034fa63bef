//! `PUT /user`: the caller changes their address, password or metadata (auth.md section 10).

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request, State as Shared};
use ferrobase_messages::SmsChannel;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::change::Change;
use super::show::check_audience;
use crate::caller::{self, Authenticated};
use crate::codes::{Flow, sms_channel};
use crate::error::{AuthError, ErrorCode, Result};
use crate::limits::Limited;
use crate::model::aal::Aal;
use crate::model::address;
use crate::model::user::User;
use crate::password_rules;
use crate::request::{Body, RequestInfo};
use crate::sign_in::highest_aal;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::users;

#[derive(Deserialize)]
struct UpdateRequest {
    email: Option<String>,
    phone: Option<String>,
    password: Option<String>,
    current_password: Option<String>,
    nonce: Option<String>,
    data: Option<Map<String, Value>>,
    app_metadata: Option<Map<String, Value>>,
    channel: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

/// A checked request. Addresses are `None` when they stay as they are.
pub(super) struct Update {
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) password: Option<String>,
    pub(super) current_password: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) data: Option<Map<String, Value>>,
    pub(super) channel: SmsChannel,
    pub(super) flow: Option<Flow>,
}

pub(in crate::routes) async fn update(Shared(state): Shared<State>, request: Request) -> Result<Json<User>> {
    let (mut parts, body) = request.into_parts();
    state.limits.check(Limited::UserUpdate, &parts.headers)?;
    let caller = Authenticated::from_request_parts(&mut parts, &state).await?;
    check_audience(&parts, &state, &caller)?;
    let info = RequestInfo::from_request_parts(&mut parts, &state).await?;
    let Body(body) = Body::<UpdateRequest>::from_request(Request::from_parts(parts, body), &state).await?;
    let update = check(&state, &caller, body).await?;
    let change = Change {
        state: &state,
        info: &info,
        session: caller.session.as_ref(),
        update: &update,
    };
    // Hashing comes before the transaction, which holds a lock on the user.
    let new_hash = change.new_password(&caller.user).await?;

    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let mut user = users::lock(&tx, caller.user.id)
        .await?
        .ok_or_else(caller::missing_user)?;
    change.check_taken(&tx, &user).await?;
    if let Some(data) = &update.data {
        user.merge_user_metadata(data);
    }
    if let Some(hash) = new_hash {
        change.set_password(&tx, &mut user, &hash).await?;
    }
    change.begin_email(&tx, &mut user).await?;
    change.begin_phone(&tx, &mut user).await?;
    state
        .audit(&tx, &audit::payload(Action::UserModified, &user, None), None)
        .await?;
    crate::addresses::save_and_reload(&state, &tx, &mut user).await?;
    tx.commit().await?;
    change.notify(&caller.user, &user).await;
    Ok(Json(user))
}

/// The checks, in the original's order.
async fn check(state: &State, caller: &Authenticated, body: UpdateRequest) -> Result<Update> {
    let user = &caller.user;
    let email = body
        .email
        .filter(|email| !email.is_empty())
        .map(|email| address::email(&email))
        .transpose()?;
    let phone = body
        .phone
        .filter(|phone| !phone.is_empty())
        .map(|phone| address::phone(&phone))
        .transpose()?;
    let channel = if phone.is_some() {
        sms_channel(state, body.channel.as_deref())?
    } else {
        SmsChannel::Sms
    };
    if let Some(password) = &body.password {
        password_rules::check(state, password).await?;
    }
    let flow = Flow::parse(
        body.code_challenge.as_deref(),
        body.code_challenge_method.as_deref(),
    )?;
    if body.app_metadata.is_some() {
        return Err(AuthError::forbidden(
            ErrorCode::NotAdmin,
            "Updating app_metadata requires admin privileges",
        ));
    }
    let update = Update {
        email: email.filter(|email| email != user.email()),
        phone: phone.filter(|phone| phone != user.phone()),
        password: body.password,
        current_password: body.current_password,
        nonce: body.nonce.filter(|nonce| !nonce.is_empty()),
        data: body.data,
        channel,
        flow,
    };
    let changes_access = update.password.is_some() || update.email.is_some() || update.phone.is_some();
    let level = caller.session.as_ref().map_or(Aal::Aal1, |session| session.aal);
    if changes_access && highest_aal(user) == Aal::Aal2 && level < Aal::Aal2 {
        return Err(AuthError::unauthorized(
            ErrorCode::InsufficientAal,
            "AAL2 session is required to update email or password when MFA is enabled.",
        ));
    }
    if user.is_anonymous && update.password.is_some() && update.email.is_none() && update.phone.is_none() {
        return Err(AuthError::unprocessable(
            ErrorCode::ValidationFailed,
            "Updating password of an anonymous user without an email or phone is not allowed",
        ));
    }
    if user.is_sso_user && (changes_access || update.nonce.is_some()) {
        return Err(AuthError::unprocessable(
            ErrorCode::UserSsoManaged,
            "Updating email, phone, password of a SSO account only possible via SSO",
        ));
    }
    Ok(update)
}
