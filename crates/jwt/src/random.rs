//! Randomness.

use aws_lc_rs::rand;
use uuid::Uuid;

/// The system's cryptographic generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct Random;

impl Random {
    /// Fills `bytes`. The generator cannot fail once it was seeded; should it, the process ends: going on with
    /// predictable secrets would be worse.
    pub fn fill(&self, bytes: &mut [u8]) {
        if rand::fill(bytes).is_err() {
            std::process::abort();
        }
    }

    /// An array of random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// `count` decimal digits, each value equally likely.
    pub fn digits(&self, count: usize) -> String {
        self.from_alphabet(b"0123456789", count)
    }

    /// `count` characters of an ASCII alphabet, each equally likely. An empty alphabet gives an empty text.
    pub fn from_alphabet(&self, alphabet: &[u8], count: usize) -> String {
        let Some(limit) = 256usize
            .checked_div(alphabet.len())
            .map(|times| times * alphabet.len())
        else {
            return String::new();
        };
        let mut text = String::with_capacity(count);
        while text.len() < count {
            for byte in self.bytes::<32>() {
                // Values beyond the last whole round of the alphabet would favour its beginning.
                if usize::from(byte) < limit && text.len() < count {
                    text.push(char::from(alphabet[usize::from(byte) % alphabet.len()]));
                }
            }
        }
        text
    }

    /// A random UUID (version 4).
    pub fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_alphabets() {
        let digits = Random.digits(1000);
        assert_eq!(digits.len(), 1000);
        assert!((b'0'..=b'9').all(|digit| digits.bytes().any(|byte| byte == digit)));
        assert_eq!(Random.from_alphabet(b"", 3), "");
        assert_eq!(Random.uuid().get_version_num(), 4);
    }
}
