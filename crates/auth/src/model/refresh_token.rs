//! The two forms of refresh token (auth.md 5.4 and 5.5).

use data_encoding::BASE64URL_NOPAD;
use ferrobase_jwt::{Random, constant_time_eq, hmac_sha256, sha256};
use uuid::Uuid;

/// Alphabet of table tokens.
const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
const LEGACY_LENGTH: usize = 12;
const VERSION: u8 = 0;
const SIGNATURE: usize = 16;
const CHECKSUM: usize = 4;

/// A syntactically correct refresh token.
#[derive(Debug, PartialEq, Eq)]
pub enum RefreshToken {
    /// A row of `auth.refresh_tokens`.
    Table(String),
    /// A counter kept on the session row.
    Counter(CounterToken),
}

/// The parts of a counter token.
#[derive(Debug, PartialEq, Eq)]
pub struct CounterToken {
    /// The session it belongs to.
    pub session_id: Uuid,
    /// Its place in the session's sequence.
    pub counter: i64,
    signed: Vec<u8>,
    signature: [u8; SIGNATURE],
}

/// A fresh table token.
pub fn table_token(random: &Random) -> String {
    random.from_alphabet(ALPHABET, LEGACY_LENGTH)
}

/// A fresh key for a session's counter tokens, base64url.
pub fn counter_key(random: &Random) -> String {
    BASE64URL_NOPAD.encode(&random.bytes::<32>())
}

/// Reads a token; `None` when it can't be one of ours.
pub fn parse(text: &str) -> Option<RefreshToken> {
    if text.len() == LEGACY_LENGTH {
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        return plain.then(|| RefreshToken::Table(text.to_owned()));
    }
    if text.len() < LEGACY_LENGTH || text.len() > 128 {
        return None;
    }
    CounterToken::decode(text).map(RefreshToken::Counter)
}

impl CounterToken {
    fn decode(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (body, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
        if sha256(body)[..CHECKSUM] != *checksum {
            return None;
        }
        let (signed, signature) = body.split_at_checked(body.len().checked_sub(SIGNATURE)?)?;
        let (&version, rest) = signed.split_first()?;
        let (session, counter) = rest.split_at_checked(16)?;
        if version != VERSION {
            return None;
        }
        Some(Self {
            session_id: Uuid::from_slice(session).ok()?,
            counter: i64::try_from(read_uvarint(counter)?).ok()?,
            signed: signed.to_vec(),
            signature: signature.try_into().ok()?,
        })
    }

    /// Whether `key` (base64url) signed this token. Constant time.
    pub fn is_signed_by(&self, key: &str) -> bool {
        BASE64URL_NOPAD.decode(key.as_bytes()).is_ok_and(|key| {
            constant_time_eq(&hmac_sha256(&key, &[&self.signed])[..SIGNATURE], &self.signature)
        })
    }
}

/// Writes the token for `counter`. `None` when the key is not base64url or the counter is negative.
pub fn counter_token(key: &str, session_id: Uuid, counter: i64) -> Option<String> {
    let key = BASE64URL_NOPAD.decode(key.as_bytes()).ok()?;
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(session_id.as_bytes());
    write_uvarint(&mut bytes, u64::try_from(counter).ok()?);
    let signature = hmac_sha256(&key, &[&bytes]);
    bytes.extend_from_slice(&signature[..SIGNATURE]);
    let checksum = sha256(&bytes);
    bytes.extend_from_slice(&checksum[..CHECKSUM]);
    Some(BASE64URL_NOPAD.encode(&bytes))
}

fn write_uvarint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

fn read_uvarint(bytes: &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for (position, &byte) in bytes.iter().enumerate() {
        if position >= 9 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            return (position + 1 == bytes.len()).then_some(value);
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn counter_tokens_round_trip() {
        let random = Random;
        let key = counter_key(&random);
        let session = random.uuid();
        for counter in [0, 1, 127, 128, 300, i64::from(u32::MAX)] {
            let text = counter_token(&key, session, counter).unwrap();
            let Some(RefreshToken::Counter(token)) = parse(&text) else {
                panic!("not a counter token: {text}")
            };
            assert_eq!((token.session_id, token.counter), (session, counter));
            assert!(token.is_signed_by(&key));
            assert!(!token.is_signed_by(&counter_key(&random)));
        }
    }

    #[test]
    fn damaged_tokens_are_refused() {
        let random = Random;
        let text = counter_token(&counter_key(&random), random.uuid(), 7).unwrap();
        for position in 0..text.len() {
            let mut damaged = text.clone().into_bytes();
            damaged[position] = if damaged[position] == b'A' { b'B' } else { b'A' };
            assert_eq!(parse(&String::from_utf8(damaged).unwrap()), None);
        }
        for text in ["", "short", "ABCDEFGHIJKL", "abcdefghijk!", "abcdefghijklm"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn table_tokens_have_the_original_syntax() {
        let text = table_token(&Random);
        assert_eq!(parse(&text), Some(RefreshToken::Table(text.clone())));
    }
}
