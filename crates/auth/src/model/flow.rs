//! Sign-ins that end with an authorization code: what is known of one, and who may exchange it (auth.md 8.4).

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use ferrobase_jwt::{constant_time_eq, sha256};
use uuid::Uuid;

use super::session::delta;
use super::user::Time;

/// A row of `auth.flow_state`.
#[derive(Debug, Clone)]
pub struct FlowState {
    /// Primary key; the `state` of a provider's redirect.
    pub id: Uuid,
    /// Who signed in; none yet while the provider has not answered.
    pub user_id: Option<Uuid>,
    /// The code that the client exchanges.
    pub auth_code: Option<String>,
    /// `s256` or `plain`; none for a flow that ends with tokens.
    pub challenge_method: Option<String>,
    /// The client's challenge.
    pub challenge: Option<String>,
    /// `email`, the name of a provider, or `sso/saml`.
    pub provider_type: String,
    /// The provider's access token.
    pub provider_token: Option<String>,
    /// The provider's refresh token.
    pub provider_refresh_token: Option<String>,
    /// How the user signs in (`Method::of_flow`).
    pub authentication_method: String,
    /// Beginning.
    pub created_at: Time,
    /// When the link was followed or the provider answered.
    pub auth_code_issued_at: Option<Time>,
    /// The invitation that the flow accepts.
    pub invite_token: Option<String>,
    /// Where the client wants to return to, already checked.
    pub referrer: Option<String>,
    /// What this server keeps for the provider (`auth.oauth_client_states`).
    pub oauth_client_state_id: Option<Uuid>,
    /// The user that the identity is to be linked to.
    pub linking_target_id: Option<Uuid>,
    /// Whether a profile without e-mail is enough.
    pub email_optional: bool,
}

impl FlowState {
    /// Whether the flow ends with a code instead of tokens.
    pub fn is_pkce(&self) -> bool {
        self.challenge
            .as_deref()
            .is_some_and(|challenge| !challenge.is_empty())
    }

    /// Whether the time to finish the flow is over. A magic link may be followed late: its time begins then.
    pub fn is_expired(&self, life: Duration, now: Time) -> bool {
        let start = match self.auth_code_issued_at {
            Some(issued) if self.authentication_method == "magiclink" => issued,
            _ => self.created_at,
        };
        now > start + delta(life)
    }

    /// Whether `verifier` is what the challenge was made of (RFC 7636 §4.6).
    pub fn is_verified_by(&self, verifier: &str) -> bool {
        answers(
            self.challenge_method.as_deref(),
            self.challenge.as_deref(),
            verifier,
        )
    }
}

/// Whether a challenge (`s256` or `plain`) was made of `verifier`. Without a challenge nothing is.
pub fn answers(method: Option<&str>, challenge: Option<&str>, verifier: &str) -> bool {
    let Some(challenge) = challenge.filter(|challenge| !challenge.is_empty()) else {
        return false;
    };
    match method {
        Some("s256") => {
            let hash = BASE64URL_NOPAD.encode(&sha256(verifier.as_bytes()));
            constant_time_eq(hash.as_bytes(), challenge.as_bytes())
        }
        Some("plain") => constant_time_eq(verifier.as_bytes(), challenge.as_bytes()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    fn flow(method: &str, challenge: &str) -> FlowState {
        FlowState {
            id: Uuid::nil(),
            user_id: None,
            auth_code: None,
            challenge_method: Some(method.to_owned()),
            challenge: Some(challenge.to_owned()),
            provider_type: "email".to_owned(),
            provider_token: None,
            provider_refresh_token: None,
            authentication_method: "recovery".to_owned(),
            created_at: DateTime::UNIX_EPOCH,
            auth_code_issued_at: None,
            invite_token: None,
            referrer: None,
            oauth_client_state_id: None,
            linking_target_id: None,
            email_optional: false,
        }
    }

    #[test]
    fn verifiers() {
        // The example of RFC 7636, appendix B.
        let (verifier, challenge) = (
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        );
        assert!(flow("s256", challenge).is_verified_by(verifier));
        assert!(!flow("s256", challenge).is_verified_by(challenge));
        assert!(flow("plain", verifier).is_verified_by(verifier));
        assert!(!flow("plain", challenge).is_verified_by(verifier));
        assert!(!flow("none", verifier).is_verified_by(verifier));
        assert!(!flow("plain", "").is_verified_by(""));
    }

    #[test]
    fn a_magic_link_may_be_followed_late() {
        let life = Duration::from_secs(300);
        let late = DateTime::UNIX_EPOCH + TimeDelta::seconds(1000);
        let mut flow = flow("plain", "x");
        flow.auth_code_issued_at = Some(late);
        assert!(flow.is_expired(life, late));
        flow.authentication_method = "magiclink".to_owned();
        assert!(!flow.is_expired(life, late + TimeDelta::seconds(300)));
        assert!(flow.is_expired(life, late + TimeDelta::seconds(301)));
    }
}
