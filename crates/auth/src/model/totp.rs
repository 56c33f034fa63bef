//! Time-based one-time passwords (RFC 6238, with the parameters of auth.md 6.1: SHA-1, 6 digits, 30 s).

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use ferrobase_jwt::{Random, constant_time_eq};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

const PERIOD: i64 = 30;
const DIGITS: usize = 6;
/// Steps before and after the current one that are accepted.
const SKEW: i64 = 1;

/// What stays literal in a path segment; everything else is percent-encoded (RFC 3986 pchar, less `%`).
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'&')
    .add(b'+')
    .add(b';')
    .add(b',');

/// A fresh secret: 20 random bytes as 32 base32 characters.
pub fn secret(random: &Random) -> String {
    BASE32_NOPAD.encode(&random.bytes::<20>())
}

/// The `otpauth:` URI that an authenticator app reads from the QR code.
pub fn uri(issuer: &str, account: &str, secret: &str) -> String {
    let issuer = utf8_percent_encode(issuer, SEGMENT);
    let account = utf8_percent_encode(account, SEGMENT);
    format!(
        "otpauth://totp/{issuer}:{account}?algorithm=SHA1&digits={DIGITS}&issuer={issuer}&period={PERIOD}&secret={secret}"
    )
}

/// The step whose code equals `code`, among the current one and its neighbours at `unix` seconds. Surrounding white
/// space is ignored. All candidates are compared, in constant time each.
pub fn matching_step(secret: &str, code: &str, unix: i64) -> Option<i64> {
    let code = code.trim();
    let key = BASE32_NOPAD.decode(secret.as_bytes()).ok()?;
    if code.len() != DIGITS {
        return None;
    }
    let now = unix.div_euclid(PERIOD);
    let mut found = None;
    for step in [now, now + SKEW, now - SKEW] {
        if constant_time_eq(code_at(&key, step).as_bytes(), code.as_bytes()) && found.is_none() {
            found = Some(step);
        }
    }
    found
}

fn code_at(key: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let digest = tag.as_ref();
    let offset = usize::from(digest[digest.len() - 1] & 0x0f);
    let word = digest[offset..offset + 4]
        .iter()
        .fold(0u32, |word, &byte| word << 8 | u32::from(byte));
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, SHA-1, last six digits.
    #[test]
    fn rfc_vectors() {
        let key = b"12345678901234567890";
        for (unix, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(code_at(key, unix / PERIOD), code);
        }
    }

    #[test]
    fn window_is_one_step_each_way() {
        let secret = BASE32_NOPAD.encode(b"12345678901234567890");
        for (step, expected) in [
            (8, None),
            (9, Some(9)),
            (10, Some(10)),
            (11, Some(11)),
            (12, None),
        ] {
            let code = code_at(b"12345678901234567890", step);
            assert_eq!(
                matching_step(&secret, &code, 10 * PERIOD + 5),
                expected,
                "step {step}"
            );
        }
        assert_eq!(matching_step(&secret, "abcdef", 300), None);
        assert_eq!(matching_step(&secret, "12345", 300), None);
        assert_eq!(matching_step("not base32!", "123456", 300), None);
    }

    #[test]
    fn uri_is_encoded_by_path_rules() {
        assert_eq!(
            uri("localhost:3000", "u@example.com", "ABC"),
            "otpauth://totp/localhost:3000:u@example.com?algorithm=SHA1&digits=6&issuer=localhost:3000&period=30&secret=ABC"
        );
        assert!(uri("My App/1", "a b", "S").contains("totp/My%20App%2F1:a%20b?"));
    }
}
