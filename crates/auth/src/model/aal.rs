//! Authenticator assurance levels and the methods that reach them (auth.md 5.1).

use serde::{Deserialize, Serialize};

/// How sure we are of who holds a session. Ordered: `Aal1 < Aal2 < Aal3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aal {
    /// One factor.
    Aal1,
    /// Two factors.
    Aal2,
    /// Declared by the original, never reached.
    Aal3,
}

impl Aal {
    /// As it stands in tokens and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aal1 => "aal1",
            Self::Aal2 => "aal2",
            Self::Aal3 => "aal3",
        }
    }

    /// Reads the database's text; anything unknown is the lowest level.
    pub fn parse(text: &str) -> Self {
        match text {
            "aal2" => Self::Aal2,
            "aal3" => Self::Aal3,
            _ => Self::Aal1,
        }
    }

    /// The level that a set of methods amounts to.
    pub fn of_methods<'a>(methods: impl IntoIterator<Item = &'a str>) -> Self {
        if methods.into_iter().any(is_second_factor) {
            Self::Aal2
        } else {
            Self::Aal1
        }
    }
}

/// How a session was authenticated: the `amr` methods that this service records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Password sign-in, or sign-up with one.
    Password,
    /// Any code or link sent to the user.
    Otp,
    /// Anonymous sign-in.
    Anonymous,
    /// External provider, by redirect or by its ID token.
    OAuth,
    /// Recovery link of a PKCE flow.
    Recovery,
    /// Invitation link of a PKCE flow.
    Invite,
    /// Magic link of a PKCE flow.
    MagicLink,
    /// Confirmation link of a PKCE flow.
    EmailSignup,
    /// Link of an e-mail change of a PKCE flow.
    EmailChange,
    /// Single sign-on by SAML.
    SsoSaml,
    /// Wallet.
    Web3,
    /// Passkey, as the only factor.
    Passkey,
    /// Authorization code that this server issued as an OAuth provider.
    OAuthProvider,
    /// Authenticator app.
    Totp,
    /// Code by SMS as a second factor.
    MfaPhone,
    /// Security key as a second factor.
    MfaWebauthn,
    /// Recovery code (auth.md 24).
    MfaRecoveryCode,
}

impl Method {
    /// The `amr` text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Otp => "otp",
            Self::Anonymous => "anonymous",
            Self::OAuth => "oauth",
            Self::Recovery => "recovery",
            Self::Invite => "invite",
            Self::MagicLink => "magiclink",
            Self::EmailSignup => "email/signup",
            Self::EmailChange => "email_change",
            Self::SsoSaml => "sso/saml",
            Self::Web3 => "web3",
            Self::Passkey => "passkey",
            Self::OAuthProvider => "oauth_provider/authorization_code",
            Self::Totp => "totp",
            Self::MfaPhone => "mfa/phone",
            Self::MfaWebauthn => "mfa/webauthn",
            Self::MfaRecoveryCode => "mfa/recovery_code",
        }
    }

    /// Reads `flow_state.authentication_method`: the ways in which a flow with an authorization code can sign in.
    /// `None` = not one of them.
    pub fn of_flow(text: &str) -> Option<Self> {
        [
            Self::OAuth,
            Self::Recovery,
            Self::Invite,
            Self::MagicLink,
            Self::EmailSignup,
            Self::EmailChange,
            Self::SsoSaml,
        ]
        .into_iter()
        .find(|method| method.as_str() == text)
    }
}

/// Whether a method lifts a session to aal2.
pub fn is_second_factor(method: &str) -> bool {
    matches!(
        method,
        "totp" | "mfa/phone" | "mfa/webauthn" | "mfa/recovery_code"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_sign_in_by_methods_of_one_factor() {
        assert_eq!(Method::of_flow("email/signup"), Some(Method::EmailSignup));
        assert_eq!(Method::of_flow("oauth"), Some(Method::OAuth));
        // A flow must not be able to claim a second factor.
        assert_eq!(Method::of_flow("totp"), None);
        assert_eq!(Method::of_flow(""), None);
        assert!(!is_second_factor(Method::Passkey.as_str()));
    }
}
