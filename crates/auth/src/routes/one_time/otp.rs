//! `POST /otp`: a code or link to sign in with, by mail or SMS (auth.md 9.1).

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request, State as Shared};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::magiclink::MagicLink;
use super::sms::SmsCode;
use crate::captcha::Solved;
use crate::codes::{Flow, sms_channel};
use crate::error::{AuthError, ErrorCode, Result};
use crate::limits::Limited;
use crate::model::address;
use crate::request::RequestInfo;
use crate::state::State;
use crate::store::users;

#[derive(Deserialize)]
struct OtpRequest {
    email: Option<String>,
    phone: Option<String>,
    create_user: Option<bool>,
    data: Option<Map<String, Value>>,
    channel: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

pub(in crate::routes) async fn send(Shared(state): Shared<State>, request: Request) -> Result<Json<Value>> {
    let (mut parts, body) = request.into_parts();
    state.limits.check(Limited::Otp, &parts.headers)?;
    let info = RequestInfo::from_request_parts(&mut parts, &state).await?;
    let Solved(body) = Solved::<OtpRequest>::from_request(Request::from_parts(parts, body), &state).await?;
    let email = body.email.filter(|email| !email.is_empty());
    let phone = body.phone.filter(|phone| !phone.is_empty());
    if email.is_some() && phone.is_some() {
        return Err(AuthError::validation(
            "Only an email address or phone number should be provided",
        ));
    }
    if email.is_some() && body.channel.as_deref().is_some_and(|channel| !channel.is_empty()) {
        return Err(AuthError::validation(
            "Channel should only be specified with Phone OTP",
        ));
    }
    let flow = Flow::parse(
        body.code_challenge.as_deref(),
        body.code_challenge_method.as_deref(),
    )?;
    let may_create = body.create_user.unwrap_or(true);
    let data = body.data.unwrap_or_default();
    match (email, phone) {
        (Some(email), _) => {
            let email = address::email(&email)?;
            if !may_create
                && users::find_by_email(&state.pool, &email, &info.audience)
                    .await?
                    .is_none()
            {
                return Err(no_signups());
            }
            MagicLink { email, data, flow }.send(&state, &info).await
        }
        (None, Some(phone)) => {
            let phone = address::phone(&phone)?;
            if !may_create
                && users::find_by_phone(&state.pool, &phone, &info.audience)
                    .await?
                    .is_none()
            {
                return Err(no_signups());
            }
            let channel = sms_channel(&state, body.channel.as_deref())?;
            SmsCode { phone, data, channel }.send(&state, &info).await
        }
        (None, None) => Err(AuthError::validation("One of email or phone must be set")),
    }
}

fn no_signups() -> AuthError {
    AuthError::unprocessable(ErrorCode::OtpDisabled, "Signups not allowed for otp")
}
