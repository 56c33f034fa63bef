//! Base58 as Bitcoin and Solana write keys: no 0, O, I and l.

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Most digits that 32 bytes can take.
const LONGEST: usize = 44;

/// The 32 bytes that `text` stands for; `None` when it is not base58, or not of that size.
pub(super) fn decode(text: &str) -> Option<[u8; 32]> {
    if text.len() > LONGEST {
        return None;
    }
    let mut bytes = [0_u8; 32];
    for digit in text.bytes() {
        let mut carry = ALPHABET.iter().position(|known| *known == digit)?;
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
        if carry > 0 {
            return None;
        }
    }
    // A leading 1 is a zero byte, no more and no fewer: every key has one spelling.
    let ones = text.bytes().take_while(|digit| *digit == b'1').count();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    (ones == zeros).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_one_spelling() {
        // The system program is 32 zero bytes.
        assert_eq!(decode(&"1".repeat(32)), Some([0; 32]));
        let token = decode("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
        let token = token.map(|bytes| data_encoding::HEXLOWER.encode(&bytes));
        let expected = "06ddf6e1d765a193d9cbe146ceeb79ac1cb485ed5f5b37913a8cf5857eff00a9";
        assert_eq!(token.as_deref(), Some(expected));
        for bad in [
            String::new(),
            "1".repeat(31),
            "1".repeat(33),
            format!("1{}", "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"),
            "0okenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA".to_owned(),
            "lokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA".to_owned(),
            "z".repeat(44),
            "z".repeat(45),
            "TokenkegQfe".to_owned(),
        ] {
            assert_eq!(decode(&bad), None, "{bad}");
        }
    }
}
