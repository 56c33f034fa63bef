//! `POST /verify`: redeem a code or the hash of a link (auth.md 9.7).

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request, State as Shared};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use crate::error::{AuthError, ErrorCode, Result};
use crate::guesses::{self, Subject};
use crate::limits::Limited;
use crate::model::aal::Method;
use crate::model::address;
use crate::redemption::{HALF_CHANGED, Proof, Redeemed, ask_provider, redeem};
use crate::request::{Body, RequestInfo};
use crate::sign_in::open_session;
use crate::state::State;

#[derive(Deserialize)]
struct VerifyRequest {
    r#type: Option<String>,
    token: Option<String>,
    token_hash: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    redirect_to: Option<String>,
}

/// What to look up, owned.
enum Given {
    Hash(String),
    EmailCode(String, String),
    PhoneCode(String, String),
}

impl Given {
    /// Whose code this may be a guess at. Links are too long to guess.
    fn subject(&self) -> Option<Subject<'_>> {
        match self {
            Self::Hash(_) => None,
            Self::EmailCode(address, _) | Self::PhoneCode(address, _) => Some(Subject::Address(address)),
        }
    }

    fn proof(&self) -> Proof<'_> {
        match self {
            Self::Hash(hash) => Proof::Hash(hash),
            Self::EmailCode(email, code) => Proof::EmailCode(email, code),
            Self::PhoneCode(phone, code) => Proof::PhoneCode(phone, code),
        }
    }
}

pub(in crate::routes) async fn check(Shared(state): Shared<State>, request: Request) -> Result<Response> {
    let (mut parts, body) = request.into_parts();
    state.limits.check(Limited::Verify, &parts.headers)?;
    let info = RequestInfo::from_request_parts(&mut parts, &state).await?;
    let Body(body) = Body::<VerifyRequest>::from_request(Request::from_parts(parts, body), &state).await?;
    let verification_type = body.r#type.clone().unwrap_or_default();
    let given = read(body)?;
    let subject = given.subject();
    if let Some(subject) = &subject {
        guesses::allow(&state, subject).await?;
    }
    let proof = ask_provider(&state, &verification_type, given.proof()).await?;

    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let redeemed = redeem(&state, &tx, &verification_type, &proof).await?;
    if let Some(subject) = &subject {
        guesses::forgive(&tx, subject).await?;
    }
    let accepted = match redeemed {
        Redeemed::User(accepted) => *accepted,
        Redeemed::HalfChanged => {
            tx.commit().await?;
            return Ok(Json(json!({ "msg": HALF_CHANGED, "code": "200" })).into_response());
        }
    };
    let response = open_session(&state, &tx, accepted.user, Method::Otp, &info, None).await?;
    tx.commit().await?;
    if let Some(replaced) = accepted.replaced {
        replaced.announce(&state, &response.user_value()).await;
    }
    Ok(response.into_response())
}

/// The checks of the request's form, in the original's order.
fn read(body: VerifyRequest) -> Result<Given> {
    let given = |value: Option<String>| value.filter(|value| !value.is_empty());
    let is_given = |value: &Option<String>| value.as_deref().is_some_and(|value| !value.is_empty());
    if !is_given(&body.r#type) {
        return Err(AuthError::validation("Verify requires a verification type"));
    }
    let (email, phone) = (given(body.email), given(body.phone));
    match (given(body.token), given(body.token_hash)) {
        (Some(_), Some(_)) | (None, None) => Err(AuthError::validation(
            "Verify requires either a token or a token hash",
        )),
        (None, Some(hash)) => {
            if email.is_some() || phone.is_some() || is_given(&body.redirect_to) {
                return Err(AuthError::validation(
                    "Only the token_hash and type should be provided",
                ));
            }
            Ok(Given::Hash(hash))
        }
        (Some(code), None) => match (email, phone) {
            (Some(email), None) => {
                let email = address::email(&email).map_err(|error| {
                    AuthError::unprocessable(ErrorCode::ValidationFailed, error.public_message().into_owned())
                })?;
                Ok(Given::EmailCode(email, code))
            }
            (None, Some(phone)) => Ok(Given::PhoneCode(address::phone(&phone)?, code)),
            _ => Err(AuthError::validation(
                "Only an email address or phone number should be provided on verify",
            )),
        },
    }
}
