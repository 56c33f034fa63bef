//! The opaque project keys `sb_publishable_…` and `sb_secret_…`.

use data_encoding::BASE64URL_NOPAD;

use crate::{Random, sha256};

/// What a project API key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRole {
    /// Anyone: the app's users before they sign in.
    Anon,
    /// The app's own servers.
    ServiceRole,
}

impl KeyRole {
    /// Name of the database role.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anon => "anon",
            Self::ServiceRole => "service_role",
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Anon => "sb_publishable_",
            Self::ServiceRole => "sb_secret_",
        }
    }
}

/// A fresh opaque key: prefix, 22 random characters, and a checksum of eight by which scanners know a real key.
pub(crate) fn generate(role: KeyRole, random: &Random) -> String {
    let body = BASE64URL_NOPAD.encode(&random.bytes::<16>());
    let start = format!("{}{body}", role.prefix());
    let checksum = BASE64URL_NOPAD.encode(&sha256(start.as_bytes())[..6]);
    format!("{start}_{checksum}")
}
