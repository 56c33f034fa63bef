//! A certificate for a provider's key: the least that one needs, signed by the key itself.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// Tag, length and content.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82], length.as_slice(), &content].concat()
}

/// X.509 in DER, valid from 2020 to 2049.
#[allow(
    clippy::disallowed_methods,
    reason = "the crate's own source: with this padding a signature has no randomness that a test would want to fix"
)]
pub(super) fn certify(key: &RsaKeyPair) -> Vec<u8> {
    let rsa = tlv(
        SEQUENCE,
        &[b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", b"\x05\x00"],
    );
    let with_sha256 = tlv(
        SEQUENCE,
        &[b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", b"\x05\x00"],
    );
    let common_name = tlv(SEQUENCE, &[b"\x06\x03\x55\x04\x03", b"\x0c\x03idp"]);
    let name = tlv(SEQUENCE, &[&tlv(0x31, &[&common_name])]);
    let validity = tlv(SEQUENCE, &[b"\x17\x0d200101000000Z", b"\x17\x0d490101000000Z"]);
    let public = tlv(
        SEQUENCE,
        &[&rsa, &tlv(BIT_STRING, &[&[0], key.public_key().as_ref()])],
    );
    let body = tlv(
        SEQUENCE,
        &[b"\x02\x01\x01", &with_sha256, &name, &validity, &name, &public],
    );
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &body, &mut signature)
        .unwrap();
    tlv(
        SEQUENCE,
        &[&body, &with_sha256, &tlv(BIT_STRING, &[&[0], &signature])],
    )
}
