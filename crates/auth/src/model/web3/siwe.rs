//! Ethereum: addresses are the end of a hash of a secp256k1 key, which a signature gives away.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use sha3::{Digest, Keccak256};

/// Longest number of a network.
const LONGEST_NETWORK: usize = 32;

/// The account in lower case: `0xAB…` and `0xab…` are one, and mixed case is a checksum for human eyes (EIP-55).
pub(super) fn address(text: &str) -> Option<String> {
    let digits = text.strip_prefix("0x")?;
    let is_hex = digits.len() == 40 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| text.to_ascii_lowercase())
}

/// An address in mixed case, as EIP-55 spells it.
pub fn checksummed(address: &str) -> String {
    let digits = address.strip_prefix("0x").unwrap_or(address).to_ascii_lowercase();
    let hash = HEXLOWER.encode(&Keccak256::digest(digits.as_bytes()));
    let spelled = digits.chars().zip(hash.bytes());
    let spelled = spelled.map(|(digit, nibble)| {
        if nibble >= b'8' {
            digit.to_ascii_uppercase()
        } else {
            digit
        }
    });
    format!("0x{}", spelled.collect::<String>())
}

/// A network's number, decimal or hexadecimal (EIP-155).
pub(super) fn is_network(text: &str) -> bool {
    let (digits, is_digit): (&str, fn(&u8) -> bool) = match text.strip_prefix("0x") {
        Some(digits) => (digits, u8::is_ascii_hexdigit),
        None => (text, u8::is_ascii_digit),
    };
    !digits.is_empty() && digits.len() <= LONGEST_NETWORK && digits.as_bytes().iter().all(is_digit)
}

/// 65 bytes in hexadecimal.
pub(super) fn signature(text: &str) -> Result<[u8; 65], &'static str> {
    let text = text.strip_prefix("0x").unwrap_or(text);
    let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or("signature must be 65 bytes long, encoded as a 130 character-long hexadecimal string")
}

/// Whether the key that made the signature has this address. Of the two spellings of a signature the one with the
/// large s is none (EIP-2): no wallet makes it.
pub(super) fn verify(address: &str, message: &[u8], signature: &[u8; 65]) -> bool {
    recover(message, signature).is_some_and(|signer| signer == address)
}

fn recover(message: &[u8], signature: &[u8; 65]) -> Option<String> {
    let [rs @ .., v] = signature;
    let recovery = RecoveryId::from_byte(match v {
        27 | 28 => v - 27,
        0 | 1 => *v,
        _ => return None,
    })?;
    let signature = Signature::from_slice(rs).ok()?;
    if signature.normalize_s() != signature {
        return None;
    }
    // EIP-191, version 0x45.
    let mut hash = Keccak256::new();
    hash.update(b"\x19Ethereum Signed Message:\n");
    hash.update(message.len().to_string());
    hash.update(message);
    let key = VerifyingKey::recover_from_prehash(&hash.finalize(), &signature, recovery).ok()?;
    let point = key.to_sec1_point(false);
    let hash = Keccak256::digest(point.as_bytes().get(1..)?);
    Some(format!("0x{}", HEXLOWER.encode(hash.get(12..)?)))
}
