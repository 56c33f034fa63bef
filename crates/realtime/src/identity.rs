//! Whose token it is (§2.2).

use std::fmt::Debug;
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use ferrobase_changes::Caller;
use ferrobase_jwt::{Claims, Clock, JwtError};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::authorize::Visitor;
use crate::error::TokenError;

/// Judges tokens. Opaque project keys (`sb_…`) stand for tokens as well.
pub trait Tokens: Send + Sync + Debug {
    /// What a token says, if it is good.
    fn verify(&self, token: &str) -> Result<Arc<Claims>, JwtError>;
}

/// A verified token.
#[derive(Debug, Clone)]
pub struct Identity {
    /// As sent.
    pub token: Arc<str>,
    /// Database role.
    pub role: Arc<str>,
    /// What it says.
    pub claims: Arc<Claims>,
    /// When it ends, in Unix seconds.
    pub expiry: i64,
}

impl Identity {
    /// The identity behind a token.
    pub fn new(tokens: &dyn Tokens, clock: &Clock, token: &str) -> Result<Self, TokenError> {
        let token = cleaned(token);
        let claims = tokens
            .verify(&token)
            .map_err(|error| refused(error, &token, clock))?;
        let role = claims.role().ok_or(TokenError::Fields)?.into();
        let expiry = match claims.get("exp") {
            None => return Err(TokenError::Fields),
            Some(_) => claims.time("exp").ok_or(TokenError::Expiration)?,
        };
        let now = clock.unix();
        if expiry <= now {
            return Err(TokenError::Expired {
                seconds: now - expiry,
            });
        }
        Ok(Self {
            token: token.into(),
            role,
            claims,
            expiry,
        })
    }

    /// As whom the database is asked.
    pub(crate) fn caller(&self) -> Caller {
        Caller {
            role: Arc::clone(&self.role),
            claims: self.claims.json_for(&self.role),
        }
    }

    /// At a private channel.
    pub(crate) fn visitor(&self, topic: Arc<str>, headers: Arc<str>) -> Visitor {
        Visitor {
            topic,
            role: Arc::clone(&self.role),
            claims: self.claims.json_for(&self.role),
            sub: self.claims.sub().map(Into::into),
            headers,
        }
    }
}

/// Decoded, without blanks.
fn cleaned(token: &str) -> String {
    let decoded = percent_decode_str(token).decode_utf8_lossy();
    decoded.chars().filter(|letter| !letter.is_whitespace()).collect()
}

fn refused(error: JwtError, token: &str, clock: &Clock) -> TokenError {
    match error {
        JwtError::Malformed | JwtError::IdToken => TokenError::Malformed,
        JwtError::Expired => TokenError::Expired {
            seconds: part(token, 1)
                .and_then(|claims| claims.get("exp")?.as_f64())
                .map_or(0, |expiry| {
                    #[allow(clippy::cast_possible_truncation, reason = "a float cast saturates")]
                    let expiry = expiry as i64;
                    clock.unix().saturating_sub(expiry)
                }),
        },
        JwtError::UnknownKey | JwtError::Issuer => TokenError::Signer {
            kid: part(token, 0).and_then(|header| Some(header.get("kid")?.as_str()?.to_owned())),
        },
        JwtError::Incomplete => TokenError::Fields,
        JwtError::Signature
        | JwtError::NotYetValid
        | JwtError::Audience
        | JwtError::Role
        | JwtError::NotSigned => TokenError::Signature,
    }
}

/// A part of a token as JSON.
fn part(token: &str, index: usize) -> Option<Value> {
    let part = token.split('.').nth(index)?;
    let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).ok()?;
    serde_json::from_slice(&bytes).ok()
}
