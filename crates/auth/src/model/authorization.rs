//! Requests of clients for access to a user's account (auth.md section 16; RFC 6749 §4.1).

use uuid::Uuid;

use super::flow;
use super::scopes::Scopes;
use super::user::Time;

/// A row of `auth.oauth_authorizations`.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// Primary key.
    pub id: Uuid,
    /// The name under which the consent page knows it.
    pub authorization_id: String,
    /// Who asks.
    pub client_id: Uuid,
    /// Who was asked first; nobody else can answer.
    pub user_id: Option<Uuid>,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// What is asked for.
    pub scopes: Scopes,
    /// The client's own mark.
    pub state: Option<String>,
    /// What the tokens are for (RFC 8707).
    pub resource: Option<String>,
    /// PKCE.
    pub code_challenge: Option<String>,
    /// `s256` or `plain`.
    pub code_challenge_method: Option<String>,
    /// OpenID Connect's mark, which the ID token repeats.
    pub nonce: Option<String>,
    /// Whether nobody has answered.
    pub is_pending: bool,
    /// The end of its life, as a request and as a code.
    pub expires_at: Time,
}

impl Authorization {
    /// Whether it is too late.
    pub fn is_expired(&self, now: Time) -> bool {
        now > self.expires_at
    }

    /// Whether `verifier` is what the challenge was made of (RFC 7636 §4.6).
    pub fn is_verified_by(&self, verifier: &str) -> bool {
        flow::answers(
            self.code_challenge_method.as_deref(),
            self.code_challenge.as_deref(),
            verifier,
        )
    }
}
