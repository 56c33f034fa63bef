//! Request limits per client address (auth.md 19.5).
//!
//! They act only when a header names the client (`GOTRUE_RATE_LIMIT_HEADER`), as in the original: behind an unknown
//! proxy all clients would share one address.

use std::time::Duration;

use axum::http::HeaderMap;
use ferrobase_http::RateLimiter;

use crate::config::AuthConfig;
use crate::error::{AuthError, ErrorCode, Result};

/// The endpoints with a bucket of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// `/signup`.
    Signup,
    /// `/otp`.
    Otp,
    /// `/magiclink`.
    MagicLink,
    /// `/recover`.
    Recover,
    /// `/resend`.
    Resend,
    /// `PUT /user`.
    UserUpdate,
    /// `/verify`.
    Verify,
    /// `/token`.
    Token,
    /// Anonymous sign-up.
    Anonymous,
    /// `/factors/{id}/challenge`.
    MfaChallenge,
    /// `/factors/{id}/verify`.
    MfaVerify,
    /// `/token?grant_type=web3`.
    Web3,
    /// `/sso`.
    Sso,
    /// `/sso/saml/acs`.
    SamlAcs,
    /// `/passkeys/authentication/options`.
    PasskeyOptions,
    /// `/oauth/clients/register`.
    OAuthRegister,
}

/// In the order of the variants: the index of a bucket is its variant's number.
const ALL: [Limited; 16] = [
    Limited::Signup,
    Limited::Otp,
    Limited::MagicLink,
    Limited::Recover,
    Limited::Resend,
    Limited::UserUpdate,
    Limited::Verify,
    Limited::Token,
    Limited::Anonymous,
    Limited::MfaChallenge,
    Limited::MfaVerify,
    Limited::Web3,
    Limited::Sso,
    Limited::SamlAcs,
    Limited::PasskeyOptions,
    Limited::OAuthRegister,
];

/// All buckets.
pub struct Limits {
    header: Option<String>,
    buckets: Vec<RateLimiter>,
}

impl Limits {
    /// Buckets as configured.
    pub fn new(config: &AuthConfig) -> Self {
        let limits = &config.rate_limits;
        let five_minutes = Duration::from_secs(300);
        let bucket = |limited: Limited| match limited {
            Limited::Verify => RateLimiter::per(limits.token_verifications, five_minutes, 30),
            Limited::Token => RateLimiter::per(limits.token_refresh, five_minutes, 30),
            Limited::Anonymous => RateLimiter::per(
                limits.anonymous_users,
                Duration::from_secs(3600),
                limits.anonymous_users,
            ),
            Limited::MfaChallenge | Limited::MfaVerify => {
                RateLimiter::per(limits.mfa_challenge_and_verify, Duration::from_secs(60), 30)
            }
            Limited::Web3 => RateLimiter::per(limits.web3, five_minutes, 30),
            Limited::SamlAcs => {
                let count = config.saml.as_ref().map_or(15, |saml| saml.rate_limit_assertion);
                RateLimiter::per(count, five_minutes, 30)
            }
            Limited::OAuthRegister => RateLimiter::per(10, five_minutes, 10),
            _ => RateLimiter::per(limits.sign_in_sign_ups, five_minutes, 30),
        };
        Self {
            header: limits.header.clone(),
            buckets: ALL.into_iter().map(bucket).collect(),
        }
    }

    /// Counts one request; 429 when the bucket of this client is empty.
    pub fn check(&self, limited: Limited, headers: &HeaderMap) -> Result<()> {
        let Some(header) = &self.header else { return Ok(()) };
        let Some(value) = headers.get(header.as_str()).and_then(|value| value.to_str().ok()) else {
            return Ok(());
        };
        let key = value.split(',').next().unwrap_or_default().trim();
        if key.is_empty() {
            return Ok(());
        }
        self.buckets[limited as usize]
            .check(key)
            .map_err(|_| AuthError::too_many(ErrorCode::OverRequestRateLimit, "Request rate limit reached"))
    }
}
