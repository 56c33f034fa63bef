//! Solana: addresses are Ed25519 keys in base58.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use data_encoding::BASE64URL_NOPAD;

use super::base58;

/// The account as it was written: base58 has no letter cases to fold.
pub(super) fn address(text: &str) -> Option<String> {
    base58::decode(text).map(|_| text.to_owned())
}

/// A network, with or without the name of the chain in front.
pub(super) fn is_network(text: &str) -> bool {
    let name = text.to_ascii_lowercase();
    let name = name.strip_prefix("solana:").unwrap_or(&name);
    matches!(name, "mainnet" | "testnet" | "devnet" | "localnet")
}

/// 64 bytes in base64, in either alphabet, with or without padding.
pub(super) fn signature(text: &str) -> Result<[u8; 64], &'static str> {
    if !matches!(text.len(), 86 | 88) {
        return Err("signature must be 64 bytes encoded as base64 with or without padding");
    }
    let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    BASE64URL_NOPAD
        .decode(text.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or("signature does not contain valid base64 characters")
}

/// Strict: a signature with a second spelling is none.
pub(super) fn verify(address: &str, message: &[u8], signature: &[u8; 64]) -> bool {
    base58::decode(address).is_some_and(|key| {
        UnparsedPublicKey::new(&ED25519, key)
            .verify(message, signature)
            .is_ok()
    })
}
