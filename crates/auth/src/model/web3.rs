//! Signing in with a wallet (auth.md 17.2): the text that it signs, and whether it did.
//!
//! Solana's text is modelled on Ethereum's (EIP-4361) and differs in names only: [`text`] reads both, [`siws`] and
//! [`siwe`] know addresses, networks and signatures of their chain.

use std::time::Duration;

use chrono::TimeDelta;

use super::user::Time;

mod base58;
mod siwe;
mod siws;
mod text;

pub use siwe::checksummed;
pub use text::{Message, ParseError};

/// Fewest and most bytes of a message.
const SHORTEST: usize = 64;
const LONGEST: usize = 20 * 1024;

/// The chains whose wallets can sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// Ed25519 over the text.
    Solana,
    /// secp256k1 over the text as EIP-191 wraps it.
    Ethereum,
}

impl Chain {
    /// As it stands in requests and in identities.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Solana => "solana",
            Self::Ethereum => "ethereum",
        }
    }

    /// As it stands in texts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Solana => "Solana",
            Self::Ethereum => "Ethereum",
        }
    }

    /// Reads the name in a request.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Solana, Self::Ethereum]
            .into_iter()
            .find(|chain| chain.as_str() == text)
    }

    /// Refuses a message that is too short or too long to be read.
    pub const fn check_length(message: &str) -> Result<(), &'static str> {
        match message.len() {
            ..SHORTEST => Err("message is too short"),
            SHORTEST..=LONGEST => Ok(()),
            _ => Err("message must not exceed 20KB"),
        }
    }

    /// Reads the signature of a request.
    pub fn signature(self, text: &str) -> Result<Signature, &'static str> {
        match self {
            Self::Solana => siws::signature(text).map(Signature::Ed25519),
            Self::Ethereum => siwe::signature(text).map(Signature::Secp256k1),
        }
    }

    /// Reads a message.
    pub fn message(self, raw: &str) -> Result<Message, ParseError> {
        text::parse(self, raw)
    }
}

/// A signature that nobody has judged yet.
#[derive(Debug, Clone, Copy)]
pub enum Signature {
    /// Solana's.
    Ed25519([u8; 64]),
    /// Ethereum's: r, s, and which of the possible keys it is.
    Secp256k1([u8; 65]),
}

impl Signature {
    /// Whether the owner of the message's address made it, over exactly this text.
    pub fn is_by_owner(&self, message: &Message, raw: &str) -> bool {
        match self {
            Self::Ed25519(signature) => siws::verify(&message.address, raw.as_bytes(), signature),
            Self::Secp256k1(signature) => siwe::verify(&message.address, raw.as_bytes(), signature),
        }
    }
}

impl Message {
    /// Refuses a message outside its time, which is `validity` around its issue unless it says less.
    pub fn check_time(&self, now: Time, validity: Duration) -> Result<(), String> {
        let chain = self.chain.name();
        if self.not_before.is_some_and(|begin| now < begin) {
            return Err(format!("Signed {chain} message becomes valid in the future"));
        }
        if self.expiration_time.is_some_and(|end| now > end) {
            return Err(format!("Signed {chain} message is expired"));
        }
        let validity = TimeDelta::from_std(validity).unwrap_or(TimeDelta::MAX);
        let age = now.signed_duration_since(self.issued_at);
        if age > validity {
            return Err(format!("{chain} message was issued too long ago"));
        }
        if -age > validity {
            return Err(format!("{chain} message was issued too far in the future"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
