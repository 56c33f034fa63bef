//! Passkeys (auth.md 17.1): credentials that sign in by themselves.

use serde::Serialize;
use uuid::Uuid;

use super::user::Time;

/// Most characters of a name.
pub const LONGEST_NAME: usize = 120;
/// Most bytes of a credential's name (WebAuthn Level 2, section 7.1 step 22).
pub const LONGEST_CREDENTIAL_ID: usize = 1023;

/// A passkey as its owner and administrators see it.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Primary key.
    pub id: Uuid,
    /// What the owner calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    /// When it was registered.
    pub created_at: Time,
    /// The last sign-in with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Time>,
}

/// What a sign-in needs to know of a passkey.
#[derive(Debug, Clone)]
pub struct Passkey {
    /// Primary key.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// The authenticator's name for it.
    pub credential_id: Vec<u8>,
    /// COSE key.
    pub public_key: Vec<u8>,
    /// Signatures that the authenticator has counted; 0 for one that does not count.
    pub sign_count: u32,
    /// It may exist on several devices. Never changes.
    pub backup_eligible: bool,
    /// It does.
    pub backed_up: bool,
}

/// A verified passkey that is not stored yet.
#[derive(Debug, Clone)]
pub struct NewPasskey {
    /// The authenticator's name for it.
    pub credential_id: Vec<u8>,
    /// COSE key.
    pub public_key: Vec<u8>,
    /// Format of the attestation.
    pub attestation_type: String,
    /// The authenticator's model, if it tells.
    pub aaguid: Option<Uuid>,
    /// Signatures that the authenticator has counted.
    pub sign_count: u32,
    /// How browsers reach the authenticator, as they say.
    pub transports: Vec<String>,
    /// It may exist on several devices.
    pub backup_eligible: bool,
    /// It does.
    pub backed_up: bool,
    /// What it is called at first.
    pub friendly_name: &'static str,
}

/// What a signature says about the passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// The authenticator's count.
    pub sign_count: u32,
    /// Whether it exists on several devices now.
    pub backed_up: bool,
}
