//! Who asks: a database role and claims (rest.md section 15).

use std::sync::Arc;

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use ferrobase_db::{ExchangeError, ServerError};
use ferrobase_http::{Caller, TokenState, is_open_to_third_parties};
use ferrobase_jwt::{Claims, JwtError, Rejection};
use serde_json::json;

use crate::config::ClaimPath;
use crate::error::{RestError, TokenError};
use crate::state::State;

/// What PostgreSQL takes for the login instead of a role; no role may have the name.
const NO_ROLE: &str = "none";

/// The caller of a request.
#[derive(Debug)]
pub(crate) struct Identity {
    /// The role that the request works as.
    pub(crate) role: String,
    /// Claims as JSON.
    pub(crate) claims: Arc<str>,
    /// The role is the one of callers without a token.
    pub(crate) is_anonymous: bool,
}

/// Finds out who asks.
pub(crate) fn identify(parts: &Parts, state: &State) -> Result<Identity, RestError> {
    let claims = match parts.extensions.get::<Caller>() {
        Some(caller) => match &caller.token {
            TokenState::None => None,
            TokenState::Valid { claims } => Some(Arc::clone(claims)),
            TokenState::Foreign { claims } => {
                // The role may be in another claim than the one that the gateway knows.
                let role = role(claims, &state.config().role_claim);
                if role.is_some_and(|role| !is_open_to_third_parties(&role)) {
                    return Err(RestError::Token(from_gateway(JwtError::Role)));
                }
                Some(Arc::clone(claims))
            }
            TokenState::Invalid(error) => return Err(RestError::Token(from_gateway(*error))),
        },
        None => match bearer(parts) {
            None => None,
            Some(token) => {
                let verifier = state.verifier().ok_or(RestError::NoSecret)?;
                Some(
                    verifier
                        .verify(token)
                        .map_err(|rejection| RestError::Token(described(&rejection)))?,
                )
            }
        },
    };
    with_claims(claims.as_deref(), state)
}

fn with_claims(claims: Option<&Claims>, state: &State) -> Result<Identity, RestError> {
    let config = state.config();
    let role = claims
        .and_then(|claims| role(claims, &config.role_claim))
        .or_else(|| config.anon_role.clone())
        .ok_or(RestError::AnonymousOff)?;
    if role == NO_ROLE {
        return Err(no_such_role(&role));
    }
    let is_anonymous = config.anon_role.as_deref() == Some(role.as_str());
    let claims = match claims {
        None => json!({ "role": role }).to_string().into(),
        Some(claims) => claims.json_for(&role),
    };
    Ok(Identity {
        role,
        claims,
        is_anonymous,
    })
}

/// As PostgreSQL says it of other names.
fn no_such_role(role: &str) -> RestError {
    let error = ServerError {
        severity: "ERROR".to_owned(),
        code: "22023".to_owned(),
        message: format!("role \"{role}\" does not exist"),
        ..ServerError::default()
    };
    RestError::database(ExchangeError::Server(Box::new(error)), false)
}

/// The claim at a path.
fn role(claims: &Claims, path: &ClaimPath) -> Option<String> {
    path.role_of(claims)
}

/// The token of `Authorization: Bearer`, in any case; other schemes are no token.
fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let scheme = value.get(..6)?;
    let rest = &value[6..];
    (scheme.eq_ignore_ascii_case("bearer") && (rest.is_empty() || rest.starts_with(' '))).then(|| rest.trim())
}

fn described(rejection: &Rejection) -> TokenError {
    let error = |code, message: &str, details| TokenError {
        code,
        message: message.to_owned(),
        details,
    };
    let undecodable = |message: &str, details| error("PGRST301", message, details);
    let forbidden = |message: &str| error("PGRST303", message, None);
    match rejection {
        Rejection::Empty => undecodable("Empty JWT is sent in Authorization header", None),
        Rejection::Parts(count) => undecodable(&format!("Expected 3 parts in JWT; got {count}"), None),
        Rejection::Unsecured => undecodable(
            "Wrong or unsupported encoding algorithm",
            Some("JWT is unsecured but expected 'alg' was not 'none'"),
        ),
        Rejection::NoKey => undecodable(
            "No suitable key or wrong key type",
            Some("None of the keys was able to decode the JWT"),
        ),
        Rejection::Malformed | Rejection::Cryptography => {
            undecodable("JWT cryptographic operation failed", None)
        }
        Rejection::Expired => forbidden("JWT expired"),
        Rejection::NotYetValid => forbidden("JWT not yet valid"),
        Rejection::IssuedInFuture => forbidden("JWT issued at future"),
        Rejection::Audience => forbidden("JWT not in audience"),
        Rejection::NotANumber(name) => forbidden(&format!("The JWT '{name}' claim must be a number")),
        Rejection::AudienceType => forbidden("The JWT 'aud' claim must be a string or an array of strings"),
        Rejection::Claims => forbidden("Parsing claims failed"),
    }
}

fn from_gateway(error: JwtError) -> TokenError {
    let of_others = |code, message: &str, details| TokenError {
        code,
        message: message.to_owned(),
        details,
    };
    described(&match error {
        JwtError::Malformed => Rejection::Malformed,
        JwtError::UnknownKey | JwtError::Signature | JwtError::NotSigned => Rejection::NoKey,
        JwtError::Expired => Rejection::Expired,
        JwtError::NotYetValid => Rejection::NotYetValid,
        JwtError::Audience | JwtError::IdToken => Rejection::Audience,
        JwtError::Issuer => {
            let details = Some("The keys of the JWT's issuer are not known");
            return of_others("PGRST301", "No suitable key or wrong key type", details);
        }
        JwtError::Incomplete => {
            let message = "The JWT must have the claims 'sub' and 'exp'";
            return of_others("PGRST303", message, None);
        }
        JwtError::Role => {
            let message = "The role of the JWT is not open to third parties";
            return of_others("PGRST303", message, None);
        }
    })
}
