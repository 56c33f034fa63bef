//! Access token claims (auth.md 5.1).

use chrono::TimeDelta;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::aal::Aal;
use super::session::delta;
use super::user::{Time, User};
use crate::config::AuthConfig;
use crate::model::session::Grant;

/// The claims of an access token, in wire order.
#[derive(Debug, Serialize)]
pub struct AccessClaims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    sub: Uuid,
    aud: &'a str,
    /// Expiry, unix seconds.
    pub exp: i64,
    iat: i64,
    email: &'a str,
    phone: &'a str,
    app_metadata: &'a Map<String, Value>,
    user_metadata: &'a Map<String, Value>,
    role: &'a str,
    aal: &'static str,
    amr: &'a RawValue,
    session_id: Uuid,
    is_anonymous: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
}

/// What a token says about the session behind it.
#[derive(Debug)]
pub struct SessionFacts<'a> {
    /// The session.
    pub id: Uuid,
    /// Its beginning.
    pub created_at: Time,
    /// The methods as the `amr` claim shows them, newest first.
    pub amr: &'a RawValue,
    /// The level that those methods amount to.
    pub aal: Aal,
    /// The best level this user can reach.
    pub highest: Aal,
    /// The third party the session is for (auth.md 16).
    pub grant: Option<&'a Grant>,
}

impl<'a> AccessClaims<'a> {
    /// Claims for `user` in the session at `now`.
    pub fn new(config: &'a AuthConfig, user: &'a User, session: &SessionFacts<'a>, now: Time) -> Self {
        let mut expires = now + delta(config.jwt_expiry);
        if let Some(limit) = config.sessions.allow_low_aal
            && session.aal < session.highest
        {
            expires = expires
                .min(session.created_at + delta(limit))
                .max(now + TimeDelta::seconds(1));
        }
        Self {
            iss: config.jwt_issuer.as_deref(),
            sub: user.id,
            aud: &user.aud,
            exp: expires.timestamp(),
            iat: now.timestamp(),
            email: user.email(),
            phone: user.phone(),
            app_metadata: &user.app_metadata,
            user_metadata: &user.user_metadata,
            role: &user.role,
            aal: session.aal.as_str(),
            amr: session.amr,
            session_id: session.id,
            is_anonymous: user.is_anonymous,
            client_id: session.grant.map(|grant| grant.client_id),
            scope: session.grant.map(|grant| grant.scopes.as_str()),
        }
    }
}
