//! Passkeys (auth.md 17.1).

/// How passkeys behave (`auth.passkey`).
#[derive(Debug, Clone, Copy)]
pub struct PasskeyConfig {
    /// Passkeys can be registered and used.
    pub enabled: bool,
    /// Most passkeys of a user.
    pub max_per_user: i64,
    /// A passkey without a PIN or a fingerprint is enough (ours: `auth.passkey.user_verification = "preferred"`).
    pub accepts_presence_alone: bool,
}
