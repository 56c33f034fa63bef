//! E-mail addresses and telephone numbers as people type them.

use crate::error::{AuthError, Result};

/// Longest accepted address, in bytes (the column's width).
const LONGEST_EMAIL: usize = 255;
/// Longest label of a domain (RFC 1035).
const LONGEST_LABEL: usize = 63;
/// Most digits of an international number (E.164).
const MOST_DIGITS: usize = 15;

/// An address that can be mailed to, in lower case. Refused with 400 `validation_failed` otherwise.
pub fn email(raw: &str) -> Result<String> {
    if raw.is_empty() {
        return Err(AuthError::validation("An email address is required"));
    }
    if raw.len() > LONGEST_EMAIL {
        return Err(AuthError::validation("An email address is too long"));
    }
    if !is_email(raw) {
        return Err(AuthError::validation(
            "Unable to validate email address: invalid format",
        ));
    }
    Ok(raw.to_ascii_lowercase())
}

/// A telephone number as it is stored: digits without `+`. Refused with 400 `validation_failed` when it is no E.164 number.
pub fn phone(raw: &str) -> Result<String> {
    let digits = phone_digits(raw);
    if is_phone(&digits) {
        Ok(digits)
    } else {
        Err(AuthError::validation(
            "Invalid phone number format (E.164 required)",
        ))
    }
}

/// A number without `+` and blanks, unchecked: for looking up what was stored.
pub fn phone_digits(raw: &str) -> String {
    raw.chars().filter(|c| *c != '+' && !c.is_whitespace()).collect()
}

/// Whether `text` is an address without quoting or comments, the form that mail servers and the original accept. A domain of
/// one label (`root@localhost`) counts.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    !local.is_empty() && local.bytes().all(is_local_byte) && domain.split('.').all(is_label)
}

/// Whether `digits` is an E.164 number without `+`.
pub(crate) fn is_phone(digits: &str) -> bool {
    (2..=MOST_DIGITS).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0')
}

fn is_local_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

fn is_label(label: &str) -> bool {
    (1..=LONGEST_LABEL).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_and_lower_cased() {
        assert_eq!(
            email("Ann.O'Hara+x@Example.COM").unwrap(),
            "ann.o'hara+x@example.com"
        );
        assert_eq!(email("root@localhost").unwrap(), "root@localhost");
        for bad in [
            "nope",
            "@b.example",
            "a b@example.com",
            "a@",
            "a@-b.example",
            "a@b..example",
            "a@b.example ",
            "a@b@c",
            "ä@b.example",
        ] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn refusals_say_what_is_wrong() {
        assert_eq!(
            email("").unwrap_err().public_message(),
            "An email address is required"
        );
        let long = format!("{}@example.com", "a".repeat(250));
        assert_eq!(
            email(&long).unwrap_err().public_message(),
            "An email address is too long"
        );
        let refusal = email("nope").unwrap_err();
        assert_eq!(
            refusal.public_message(),
            "Unable to validate email address: invalid format"
        );
        assert_eq!(refusal.status().as_u16(), 400);
    }

    #[test]
    fn numbers_lose_their_plus_and_blanks() {
        assert_eq!(phone("+49 170 1234567").unwrap(), "491701234567");
        assert_eq!(phone_digits("+1 abc"), "1abc");
        for bad in ["abc", "", "+", "0123456", "+1234567890123456", "1"] {
            assert!(phone(bad).is_err(), "{bad}");
        }
    }
}
