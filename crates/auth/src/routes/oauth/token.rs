//! `POST /oauth/token` (auth.md section 16; RFC 6749 §3.2).

use axum::Json;
use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{check_enabled, client, code, refresh};
use crate::error::{AuthError, Result};
use crate::limits::Limited;
use crate::model::oauth_client::GrantType;
use crate::request::{RequestInfo, bytes};
use crate::state::State;

/// The parameters of both grants.
#[derive(Debug, Default, Deserialize)]
pub(super) struct TokenRequest {
    pub(super) grant_type: Option<String>,
    pub(super) code: Option<String>,
    pub(super) refresh_token: Option<String>,
    pub(super) redirect_uri: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<String>,
    pub(super) code_verifier: Option<String>,
    pub(super) resource: Option<String>,
    pub(super) scope: Option<String>,
}

pub(in crate::routes) async fn exchange(Shared(state): Shared<State>, request: Request) -> Result<Response> {
    check_enabled(&state)?;
    let (mut parts, body) = request.into_parts();
    state.limits.check(Limited::Token, &parts.headers)?;
    let info = RequestInfo::from_request_parts(&mut parts, &state).await?;
    let headers = parts.headers.clone();
    let request = read(&headers, &bytes(Request::from_parts(parts, body)).await?)?;
    let client = client::authenticate(&state, &headers, &request).await?;
    let grant_type = request.grant_type.as_deref().unwrap_or_default();
    if grant_type.is_empty() {
        return Err(AuthError::oauth("invalid_request", "grant_type is required"));
    }
    let Some(grant) = GrantType::parse(grant_type) else {
        return Err(AuthError::oauth(
            "unsupported_grant_type",
            "grant_type must be 'authorization_code' or 'refresh_token'",
        ));
    };
    if !client.may(grant) {
        return Err(AuthError::oauth(
            "unsupported_grant_type",
            format!("Client is not allowed to use grant type: {}", grant.as_str()),
        ));
    }
    let tokens = match grant {
        GrantType::AuthorizationCode => code::exchange(&state, &info, &client, request).await?,
        GrantType::RefreshToken => refresh::exchange(&state, &info, &client, request).await?,
    };
    // RFC 6749 §5.1.
    let headers = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];
    Ok((headers, Json(tokens)).into_response())
}

/// JSON when the request says so, a form otherwise. A parameter that stands there twice is refused (RFC 6749 §3.2).
fn read(headers: &HeaderMap, body: &[u8]) -> Result<TokenRequest> {
    let is_json = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.to_ascii_lowercase().contains("application/json"));
    if is_json {
        serde_json::from_slice(body).map_err(|_| AuthError::oauth("invalid_request", "Invalid JSON body"))
    } else {
        serde_urlencoded::from_bytes(body)
            .map_err(|_| AuthError::oauth("invalid_request", "Failed to parse form data"))
    }
}
