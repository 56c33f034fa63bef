//! The CAPTCHA of sign-up and sign-in: hCaptcha or Turnstile (auth.md 19.4).
//!
//! An operation that wants one takes its body as [`Solved`] instead of `Body`. Administrators solve none.

use std::net::IpAddr;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::Method;
use axum::http::request::Parts;
use ferrobase_http::{Outgoing, OutgoingRequest};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::caller::Admin;
use crate::config::CaptchaConfig;
use crate::error::{AuthError, ErrorCode, Result};
use crate::request::{bytes, client_ip, parse};
use crate::state::State;

/// Most bytes of the provider's answer.
const LARGEST_ANSWER: usize = 64 * 1024;
/// Longest solution that is passed on; the providers' are a few thousand bytes.
const LONGEST_TOKEN: usize = 16 * 1024;

/// A JSON body that came with a solved CAPTCHA, where the project asks for one.
pub struct Solved<T>(pub T);

/// The part of every body that carries the solution.
#[derive(Default, Deserialize)]
struct Carrier {
    gotrue_meta_security: Option<MetaSecurity>,
}

#[derive(Default, Deserialize)]
struct MetaSecurity {
    captcha_token: Option<String>,
}

/// The provider's judgement.
#[derive(Deserialize)]
struct Judgement {
    success: bool,
    #[serde(default, rename = "error-codes")]
    error_codes: Vec<String>,
}

/// Asks the provider.
pub struct Captcha {
    config: Option<CaptchaConfig>,
    outgoing: Outgoing,
}

impl<T: DeserializeOwned> FromRequest<State> for Solved<T> {
    type Rejection = AuthError;

    async fn from_request(request: Request, state: &State) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let body = bytes(Request::from_parts(parts.clone(), body)).await?;
        check(state, &mut parts, &body).await?;
        parse(&body).map(Solved)
    }
}

/// Refuses a request without a good solution. An empty body has none.
pub async fn check(state: &State, parts: &mut Parts, body: &[u8]) -> Result<()> {
    if state.captcha.config.is_none() || Admin::from_request_parts(parts, state).await.is_ok() {
        return Ok(());
    }
    let carrier: Carrier = if body.is_empty() {
        Carrier::default()
    } else {
        parse(body)?
    };
    let token = carrier
        .gotrue_meta_security
        .and_then(|security| security.captcha_token)
        .unwrap_or_default();
    state.captcha.judge(token.trim(), client_ip(parts)).await
}

impl Captcha {
    /// As configured.
    pub fn new(config: Option<CaptchaConfig>, outgoing: Outgoing) -> Self {
        Self { config, outgoing }
    }

    async fn judge(&self, token: &str, ip: IpAddr) -> Result<()> {
        let Some(config) = &self.config else { return Ok(()) };
        if token.is_empty() {
            return Err(refused("no captcha_token found"));
        }
        if token.len() > LONGEST_TOKEN {
            return Err(refused("invalid-input-response"));
        }
        let judgement = self.ask(config, token, ip).await.map_err(|cause| {
            tracing::error!(cause, "the CAPTCHA provider gave no judgement");
            AuthError::failed("captcha verification process failed")
        })?;
        if judgement.success {
            Ok(())
        } else {
            Err(refused(&judgement.error_codes.join(", ")))
        }
    }

    async fn ask(&self, config: &CaptchaConfig, token: &str, ip: IpAddr) -> Result<Judgement, String> {
        let ip = ip.to_string();
        let secret = config.secret.expose_secret();
        let form = [("secret", secret), ("response", token), ("remoteip", &ip)];
        let body = serde_urlencoded::to_string(form).map_err(|error| error.to_string())?;
        let form_type = "application/x-www-form-urlencoded".to_owned();
        let request = OutgoingRequest {
            method: Method::POST,
            url: config.verify_url.clone(),
            headers: vec![("content-type".to_owned(), form_type)],
            body: body.into_bytes(),
            timeout: config.timeout,
            max_response: LARGEST_ANSWER,
        };
        let answer = self
            .outgoing
            .send(request)
            .await
            .map_err(|error| error.to_string())?;
        serde_json::from_slice(&answer.body).map_err(|_| format!("answer {} is no judgement", answer.status))
    }
}

fn refused(reason: &str) -> AuthError {
    AuthError::bad_request(
        ErrorCode::CaptchaFailed,
        format!("captcha protection: request disallowed ({reason})"),
    )
}
