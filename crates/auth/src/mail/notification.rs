//! Notifications: what changed, and to whom it is told.

use serde_json::{Value, json};

/// A change that its user is told about.
#[derive(Debug, Clone, Copy)]
pub enum Notification<'a> {
    /// A new password.
    PasswordChanged,
    /// A new address; told to the old one.
    EmailChanged {
        /// The address until now.
        old_email: &'a str,
    },
    /// A new number.
    PhoneChanged {
        /// The number until now.
        old_phone: &'a str,
    },
    /// A second factor was verified for the first time.
    MfaFactorEnrolled {
        /// Its kind.
        factor_type: &'a str,
    },
    /// A second factor was removed.
    MfaFactorUnenrolled {
        /// Its kind.
        factor_type: &'a str,
    },
    /// A provider was added to the ways of signing in.
    IdentityLinked {
        /// Its name.
        provider: &'a str,
    },
    /// A provider was removed from the ways of signing in.
    IdentityUnlinked {
        /// Its name.
        provider: &'a str,
    },
}

impl Notification<'_> {
    /// Name of the template and of the switch in the configuration.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::PasswordChanged => "password_changed",
            Self::EmailChanged { .. } => "email_changed",
            Self::PhoneChanged { .. } => "phone_changed",
            Self::MfaFactorEnrolled { .. } => "mfa_factor_enrolled",
            Self::MfaFactorUnenrolled { .. } => "mfa_factor_unenrolled",
            Self::IdentityLinked { .. } => "identity_linked",
            Self::IdentityUnlinked { .. } => "identity_unlinked",
        }
    }

    /// The user's address; for a changed one the old.
    pub(super) fn receiver(&self, user: &Value) -> Option<String> {
        match self {
            Self::EmailChanged { old_email } => Some((*old_email).to_owned()),
            _ => user["email"].as_str().map(str::to_owned),
        }
    }

    pub(super) fn add_to(&self, variables: &mut Value, user: &Value) {
        match self {
            Self::PasswordChanged => {}
            Self::EmailChanged { old_email } => variables["OldEmail"] = json!(old_email),
            Self::PhoneChanged { old_phone } => {
                variables["OldPhone"] = json!(old_phone);
                variables["Phone"] = user["phone"].clone();
            }
            Self::MfaFactorEnrolled { factor_type } | Self::MfaFactorUnenrolled { factor_type } => {
                variables["FactorType"] = json!(factor_type);
            }
            Self::IdentityLinked { provider } | Self::IdentityUnlinked { provider } => {
                variables["Provider"] = json!(provider);
            }
        }
    }
}
