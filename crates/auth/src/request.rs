//! What a request says about itself: body, addresses, audience, redirect target (auth.md section 1).

use std::net::IpAddr;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use ferrobase_http::{BodyError, Caller, ClientAddress, TokenState, read_body};
use serde::de::DeserializeOwned;
use url::Url;

use crate::error::{AuthError, ErrorCode, Result};
use crate::mail::links;
use crate::model::redirect;
use crate::state::State;

/// Longest accepted body in bytes.
pub const BODY_LIMIT: usize = 1 << 20;

/// A JSON body, whatever the content type says. Unknown fields are ignored; a wrong type is `bad_json`.
/// Declare optional fields as `Option`: JSON `null` equals absent.
pub struct Body<T>(pub T);

/// A JSON body that may be empty (`T::default()`).
pub struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<State> for Body<T> {
    type Rejection = AuthError;

    async fn from_request(request: Request, _: &State) -> Result<Self> {
        parse(&bytes(request).await?).map(Body)
    }
}

impl<T: DeserializeOwned + Default> FromRequest<State> for OptionalBody<T> {
    type Rejection = AuthError;

    async fn from_request(request: Request, _: &State) -> Result<Self> {
        let bytes = bytes(request).await?;
        if bytes.is_empty() {
            Ok(Self(T::default()))
        } else {
            parse(&bytes).map(OptionalBody)
        }
    }
}

/// The raw body, bounded.
pub async fn bytes(request: Request) -> Result<Bytes> {
    read_body(request.into_body(), BODY_LIMIT)
        .await
        .map_err(|error| match error {
            BodyError::TooLarge => AuthError::refused(
                StatusCode::PAYLOAD_TOO_LARGE,
                ErrorCode::RequestEntityTooLarge,
                "Request body too large (max 1048576 bytes)",
            ),
            BodyError::Broken => AuthError::bad_request(ErrorCode::BadJson, "Could not read request body"),
        })
}

/// The body's JSON.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        AuthError::bad_request(
            ErrorCode::BadJson,
            format!("Could not parse request body as JSON: {error}"),
        )
    })
}

/// Who asks from where, and where they want to return to.
#[derive(Debug, Clone)]
pub struct RequestInfo {
    /// Client address.
    pub ip: IpAddr,
    /// `User-Agent`, at most 1,000 bytes, without control characters.
    pub user_agent: Option<String>,
    /// Audience of the users looked up.
    pub audience: String,
    /// The redirect target after validation: `redirect_to`, else `Referer`, else the site URL.
    pub redirect_to: String,
    /// Where the client reached the API, if that is one of the configured further hosts.
    pub api_url: Option<Url>,
}

impl FromRequestParts<State> for RequestInfo {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self> {
        let requested = text(&parts.headers, "redirect_to")
            .map(str::to_owned)
            .or_else(|| query_value(parts, "redirect_to"));
        let referer = text(&parts.headers, header::REFERER.as_str());
        Ok(Self {
            ip: client_ip(parts),
            user_agent: text(&parts.headers, header::USER_AGENT.as_str()).map(printable),
            audience: audience(parts, state),
            redirect_to: redirect::choose(&state.config, requested.as_deref(), referer),
            api_url: links::reached(
                &state.config.email.links,
                &state.config.external_url,
                text(&parts.headers, "x-forwarded-host"),
                text(&parts.headers, header::HOST.as_str()),
                text(&parts.headers, "x-forwarded-proto"),
            ),
        })
    }
}

/// Address of the client as the gateway determined it.
pub fn client_ip(parts: &Parts) -> IpAddr {
    parts
        .extensions
        .get::<ClientAddress>()
        .map_or(IpAddr::from([127, 0, 0, 1]), |address| address.0)
}

/// The bearer token's state as the gateway determined it.
pub fn token_state(parts: &Parts) -> TokenState {
    parts
        .extensions
        .get::<Caller>()
        .map_or(TokenState::None, |caller| caller.token.clone())
}

/// First value of a query parameter.
pub fn query_value(parts: &Parts, name: &str) -> Option<String> {
    let query = parts.uri.query()?;
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Audience of the users that the request is about (auth.md section 1).
pub fn audience(parts: &Parts, state: &State) -> String {
    if let Some(named) = text(&parts.headers, "x-jwt-aud") {
        return named.to_owned();
    }
    if let TokenState::Valid { claims, .. } = token_state(parts)
        && !claims
            .role()
            .is_some_and(|role| state.config.admin_roles.iter().any(|admin| admin == role))
        && let Some(audience) = claims.str("aud").filter(|audience| !audience.is_empty())
    {
        return audience.to_owned();
    }
    state.config.jwt_audience.clone()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .filter(|value| !value.is_empty())
}

fn printable(raw: &str) -> String {
    raw.chars()
        .filter(|character| !character.is_control())
        .take(1000)
        .collect()
}
