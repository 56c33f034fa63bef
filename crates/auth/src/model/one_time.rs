//! One-time codes and the hashes that stand for them (auth.md section 9).

use data_encoding::HEXLOWER;
use ferrobase_jwt::{Random, hmac_sha256};

/// Bytes of a hash: as many as the original's SHA-224 has.
const HASH_LENGTH: usize = 28;

/// Makes the stored form of codes, which also stands for them in links.
///
/// The original hashes address and code alone, so that whoever knows an address can compute the million links that its
/// code may have, and try them where no limit per address can see it. Ours has a key that only the project has.
pub struct CodeHasher([u8; 32]);

impl CodeHasher {
    /// `key` is the project's, the same in all its processes.
    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// Lower-case hex, as long as the original's. The phone comes without "+".
    pub fn hash(&self, address: &str, code: &str) -> String {
        let mac = hmac_sha256(&self.0, &[address.as_bytes(), b"\0", code.as_bytes()]);
        HEXLOWER.encode(&mac[..HASH_LENGTH])
    }
}

/// A fresh decimal code. Lengths outside 6 to 10 fall back to 6, as in the original.
pub fn code(random: &Random, length: usize) -> String {
    random.digits(if (6..=10).contains(&length) { length } else { 6 })
}

/// The kinds of pending token (`auth.one_time_token_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// Sign-up, invitation, SMS sign-in.
    Confirmation,
    /// Recovery and magic link.
    Recovery,
    /// Sent to the new address of an e-mail change.
    EmailChangeNew,
    /// Sent to the current address of an e-mail change.
    EmailChangeCurrent,
    /// Sent to the new phone.
    PhoneChange,
    /// Reauthentication nonce.
    Reauthentication,
}

impl TokenType {
    /// The database's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation_token",
            Self::Recovery => "recovery_token",
            Self::EmailChangeNew => "email_change_token_new",
            Self::EmailChangeCurrent => "email_change_token_current",
            Self::PhoneChange => "phone_change_token",
            Self::Reauthentication => "reauthentication_token",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_need_the_key() {
        let hash = CodeHasher::new([1; 32]).hash("ann@example.com", "123456");
        assert_eq!(hash.len(), 56);
        assert_eq!(hash, CodeHasher::new([1; 32]).hash("ann@example.com", "123456"));
        assert_ne!(hash, CodeHasher::new([2; 32]).hash("ann@example.com", "123456"));
        // Where the address ends and the code begins counts.
        let hasher = CodeHasher::new([1; 32]);
        assert_ne!(hasher.hash("491", "23456"), hasher.hash("4912", "3456"));
    }
}
