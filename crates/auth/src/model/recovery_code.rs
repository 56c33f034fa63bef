//! Recovery codes (auth.md 24): lower-case, without separators, stored as hashes.

use data_encoding::HEXLOWER;
use ferrobase_jwt::{Random, sha256};
use uuid::Uuid;

/// Letters and digits that are hard to confuse; 16 of them carry 80 bits.
const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz023456789";
const LENGTH: usize = 16;

/// A fresh code.
pub fn generate(random: &Random) -> String {
    random.from_alphabet(ALPHABET, LENGTH)
}

/// What a person typed, as it was issued: lower case, without hyphens and white space.
pub fn normalise(typed: &str) -> String {
    typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .flat_map(char::to_lowercase)
        .collect()
}

/// The stored form. A code has 80 random bits, so a fast hash is enough; the factor's id keeps equal codes apart.
pub fn hash(factor_id: Uuid, code: &str) -> String {
    let mut bytes = factor_id.as_bytes().to_vec();
    bytes.extend_from_slice(code.as_bytes());
    HEXLOWER.encode(&sha256(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_survive_being_written_down() {
        let code = generate(&Random);
        let written = format!(" {}-{} ", code[..8].to_uppercase(), &code[8..]);
        assert_eq!(normalise(&written), code);
        assert_eq!(code.len(), LENGTH);
    }
}
