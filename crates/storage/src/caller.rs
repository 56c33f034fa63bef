//! Who asks (§1).

use std::sync::Arc;

use ferrobase_http::{Caller as Gateways, TokenState, is_open_to_third_parties};
use ferrobase_jwt::{Claims, JwtError};
use http::header::AUTHORIZATION;
use http::request::Parts;
use serde_json::json;

use crate::error::{Result, StorageError};
use crate::state::State;

/// Role of nobody.
const ANON: &str = "anon";
/// Role above row-level security.
const SERVICE: &str = "service_role";

/// The caller of a request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The database role.
    pub role: String,
    /// The user.
    pub sub: Option<String>,
    /// The token as sent.
    pub token: String,
    /// Claims as JSON.
    pub claims: Arc<str>,
    /// A token was verified.
    pub is_authenticated: bool,
}

impl Caller {
    /// For routes that everybody may ask: without a right token one is `anon`.
    pub fn or_anonymous(parts: &Parts, state: &State) -> Self {
        verified(parts, state).map_or_else(
            |_| Self {
                role: ANON.to_owned(),
                sub: None,
                token: String::new(),
                claims: json!({ "role": ANON }).to_string().into(),
                is_authenticated: false,
            },
            |claims| Self::new(parts, &claims),
        )
    }

    /// For routes whose schema demands the header.
    pub fn required(parts: &Parts, state: &State) -> Result<Self> {
        let has_token = !matches!(token_state(parts), None | Some(TokenState::None));
        if !has_token && !parts.headers.contains_key(AUTHORIZATION) {
            let message = "headers must have required property 'authorization'";
            return Err(StorageError::Validation(message.to_owned()));
        }
        Self::verified(parts, state)
    }

    /// For routes that say of a missing header what they say of a broken one.
    pub fn verified(parts: &Parts, state: &State) -> Result<Self> {
        match verified(parts, state) {
            Ok(claims) => Ok(Self::new(parts, &claims)),
            Err(error) => Err(StorageError::AccessDenied(text(error).to_owned())),
        }
    }

    /// The user of a token that came beside a signature (§14).
    pub fn of_token(state: &State, token: &str) -> Result<Self> {
        let claims = state
            .keys
            .verify(token)
            .map_err(|error| StorageError::AccessDenied(text(error).to_owned()))?;
        let role = claims.role().unwrap_or(ANON);
        Ok(Self {
            role: role.to_owned(),
            sub: claims.sub().map(str::to_owned),
            token: token.to_owned(),
            claims: claims.json_for(role),
            is_authenticated: true,
        })
    }

    /// The service itself, where it acts for somebody whose rights it has checked.
    pub fn service() -> Self {
        Self {
            role: SERVICE.to_owned(),
            sub: None,
            token: String::new(),
            claims: json!({ "role": SERVICE }).to_string().into(),
            is_authenticated: true,
        }
    }

    /// It is `service_role`.
    pub fn is_service(&self) -> bool {
        self.role == SERVICE
    }

    /// Refuses everybody but `service_role`.
    pub fn must_be_service(&self) -> Result<()> {
        if self.is_service() {
            return Ok(());
        }
        Err(StorageError::InvalidRole)
    }

    fn new(parts: &Parts, claims: &Claims) -> Self {
        let role = claims.role().unwrap_or(ANON);
        Self {
            role: role.to_owned(),
            sub: claims.sub().map(str::to_owned),
            token: sent(parts).unwrap_or_default().to_owned(),
            claims: claims.json_for(role),
            is_authenticated: true,
        }
    }
}

fn token_state(parts: &Parts) -> Option<&TokenState> {
    parts.extensions.get::<Gateways>().map(|caller| &caller.token)
}

fn verified(parts: &Parts, state: &State) -> std::result::Result<Arc<Claims>, JwtError> {
    match token_state(parts) {
        Some(TokenState::Valid { claims }) => Ok(Arc::clone(claims)),
        Some(TokenState::Foreign { claims }) if claims.role().is_none_or(is_open_to_third_parties) => {
            Ok(Arc::clone(claims))
        }
        Some(TokenState::Foreign { .. }) => Err(JwtError::Role),
        Some(TokenState::Invalid(error)) => Err(*error),
        // The gateway knows bearer tokens only; here the scheme may be left out.
        Some(TokenState::None) | None => state.keys.verify(sent(parts).ok_or(JwtError::Malformed)?),
    }
}

/// The token, with or without its scheme.
fn sent(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim()),
        _ => Some(value.trim()),
    }
}

/// What the original says.
pub(crate) fn text(error: JwtError) -> &'static str {
    match error {
        JwtError::Malformed => "Invalid Compact JWS",
        JwtError::Expired => "\"exp\" claim timestamp check failed",
        JwtError::NotYetValid => "\"nbf\" claim timestamp check failed",
        JwtError::Audience | JwtError::IdToken => "unexpected \"aud\" claim value",
        JwtError::Role => "this role is not open to third parties",
        JwtError::Incomplete => "missing required claim",
        JwtError::UnknownKey | JwtError::Signature | JwtError::Issuer | JwtError::NotSigned => {
            "signature verification failed"
        }
    }
}
