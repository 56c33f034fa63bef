//! One-time codes and the hashes that stand for them (auth.md section 9).

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use ferrobase_jwt::Random;

/// The stored form of a code: lower-case hex SHA-224 over the address and the code. The phone comes without "+".
pub fn token_hash(address: &str, code: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA224);
    context.update(address.as_bytes());
    context.update(code.as_bytes());
    HEXLOWER.encode(context.finish().as_ref())
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
    fn hash_is_sha224_hex() {
        // SHA-224("abc"), FIPS 180-4.
        assert_eq!(
            token_hash("a", "bc"),
            "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"
        );
    }
}
