//! Second factors (auth.md 4.4, section 6).

use uuid::Uuid;

use super::aal::Method;
use super::user::Time;

/// The kinds of factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorType {
    /// Authenticator app.
    Totp,
    /// SMS.
    Phone,
    /// Security key.
    Webauthn,
    /// Recovery codes.
    RecoveryCode,
}

impl FactorType {
    /// As it stands on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Phone => "phone",
            Self::Webauthn => "webauthn",
            Self::RecoveryCode => "recovery_code",
        }
    }

    /// Reads the database's text.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "totp" => Self::Totp,
            "phone" => Self::Phone,
            "webauthn" => Self::Webauthn,
            "recovery_code" => Self::RecoveryCode,
            _ => return None,
        })
    }

    /// What a verification with it adds to the session.
    pub const fn method(self) -> Method {
        match self {
            Self::Totp => Method::Totp,
            Self::Phone => Method::MfaPhone,
            Self::Webauthn => Method::MfaWebauthn,
            Self::RecoveryCode => Method::MfaRecoveryCode,
        }
    }
}

/// A row of `auth.mfa_factors`.
#[derive(Debug, Clone)]
pub struct Factor {
    /// Primary key.
    pub id: Uuid,
    /// Owner.
    pub user_id: Uuid,
    /// Name given by the user.
    pub friendly_name: Option<String>,
    /// Kind.
    pub factor_type: FactorType,
    /// Whether it was ever verified.
    pub verified: bool,
    /// TOTP secret, base32, possibly sealed.
    pub secret: Option<String>,
    /// Digits of the phone.
    pub phone: Option<String>,
    /// When it was last challenged.
    pub last_challenged_at: Option<Time>,
    /// The registered credential of a security key.
    pub web_authn_credential: Option<serde_json::Value>,
    /// Creation.
    pub created_at: Time,
}
