//! Wallets in software, one of each chain.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::{BASE64, HEXLOWER};
use ferrobase_jwt::Random;
use k256::ecdsa::{Signature, SigningKey};
use sha3::{Digest, Keccak256};

/// A wallet with one account.
pub(super) enum Wallet {
    Solana(Ed25519KeyPair),
    Ethereum(SigningKey),
}

impl Wallet {
    pub(super) fn solana() -> Self {
        Self::Solana(Ed25519KeyPair::from_seed_unchecked(&Random.bytes::<32>()).unwrap())
    }

    pub(super) fn ethereum() -> Self {
        Self::Ethereum(SigningKey::from_slice(&Random.bytes::<32>()).unwrap())
    }

    pub(super) const fn chain(&self) -> &'static str {
        match self {
            Self::Solana(_) => "solana",
            Self::Ethereum(_) => "ethereum",
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Solana(_) => "Solana",
            Self::Ethereum(_) => "Ethereum",
        }
    }

    /// In lower case, where there are cases.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Solana(key) => base58(key.public_key().as_ref()),
            Self::Ethereum(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let hash = Keccak256::digest(&point.as_bytes()[1..]);
                format!("0x{}", HEXLOWER.encode(&hash[12..]))
            }
        }
    }

    pub(super) fn sign(&self, message: &str) -> String {
        match self {
            Self::Solana(key) => BASE64.encode(key.sign(message.as_bytes()).as_ref()),
            Self::Ethereum(key) => {
                let wrapped = format!("\x19Ethereum Signed Message:\n{}{message}", message.len());
                let hash = Keccak256::digest(wrapped.as_bytes());
                let (signature, recovery) = key.sign_prehash_recoverable(&hash);
                spelled(&signature, 27 + recovery.to_byte())
            }
        }
    }
}

/// The same Ethereum signature in its other spelling: n - s, and the other v.
pub(super) fn malleated(signature: &str) -> String {
    let bytes = HEXLOWER.decode(&signature.as_bytes()[2..]).unwrap();
    let (r, s) = Signature::from_slice(&bytes[..64]).unwrap().split_scalars();
    let other = Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).unwrap();
    spelled(&other, 55 - bytes[64])
}

fn spelled(signature: &Signature, v: u8) -> String {
    format!("0x{}{v:02x}", HEXLOWER.encode(&signature.to_bytes()))
}

fn base58(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut digits: Vec<usize> = Vec::new();
    for byte in bytes {
        let mut carry = usize::from(*byte);
        for digit in &mut digits {
            carry += *digit * 256;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = digits.iter().rev().map(|digit| char::from(ALPHABET[*digit]));
    "1".repeat(zeros).chars().chain(digits).collect()
}
