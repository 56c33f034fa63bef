//! The few DER structures that we write: a certificate for our own key, and its key in the form that decryption wants.

/// SEQUENCE.
pub(super) const SEQUENCE: u8 = 0x30;
/// SET.
pub(super) const SET: u8 = 0x31;
/// INTEGER.
pub(super) const INTEGER: u8 = 0x02;
/// BIT STRING.
pub(super) const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub(super) const OCTET_STRING: u8 = 0x04;
/// UTF8String.
pub(super) const UTF8: u8 = 0x0c;
/// BOOLEAN true.
pub(super) const TRUE: &[u8] = &[0x01, 0x01, 0xff];
/// NULL.
pub(super) const NULL: &[u8] = &[0x05, 0x00];

/// Tag, length and content.
pub(super) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    let length = content.len().to_be_bytes();
    let used: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    match used.as_slice() {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        long => {
            // At most eight bytes.
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(&content);
    out
}

/// `rsaEncryption`, with its parameters.
pub(super) fn rsa_encryption() -> Vec<u8> {
    let oid = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    tlv(SEQUENCE, &[&oid, NULL])
}

/// `sha256WithRSAEncryption`, with its parameters.
pub(super) fn sha256_with_rsa() -> Vec<u8> {
    let oid = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
    tlv(SEQUENCE, &[&oid, NULL])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        assert_eq!(tlv(4, &[]), [4, 0]);
        assert_eq!(tlv(4, &[&[1], &[2]]), [4, 2, 1, 2]);
        assert_eq!(tlv(4, &[&[0; 127]])[..2], [4, 127]);
        assert_eq!(tlv(4, &[&[0; 128]])[..3], [4, 0x81, 128]);
        assert_eq!(tlv(4, &[&[0; 300]])[..4], [4, 0x82, 1, 44]);
    }
}
