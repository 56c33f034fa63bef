//! Fresh signing keys.

use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RsaKeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::jwk::bad;
use crate::{KeyError, sha256};

/// What a fresh key signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyAlgorithm {
    /// ECDSA with P-256: small and quick.
    #[default]
    Es256,
    /// RSA with 2048 bits, for verifiers that know nothing else.
    Rs256,
}

/// A fresh private JWK that may sign. Its `kid` is the beginning of its thumbprint (RFC 7638).
pub fn generate_key(algorithm: KeyAlgorithm) -> Result<Value, KeyError> {
    match algorithm {
        KeyAlgorithm::Es256 => es256(),
        KeyAlgorithm::Rs256 => rs256(),
    }
}

fn failed() -> KeyError {
    bad("no signing key could be made")
}

fn kid(canonical: &str) -> String {
    BASE64URL_NOPAD.encode(&sha256(canonical.as_bytes())[..16])
}

fn es256() -> Result<Value, KeyError> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| failed())?;
    let point = pair.public_key().as_ref();
    let (x, y) = match point.len() {
        65 => (
            BASE64URL_NOPAD.encode(&point[1..33]),
            BASE64URL_NOPAD.encode(&point[33..]),
        ),
        _ => return Err(failed()),
    };
    let private: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().map_err(|_| failed())?;
    let d = private.as_ref();
    let id = kid(&format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#));
    Ok(json!({
        "kty": "EC", "kid": id, "use": "sig", "key_ops": ["sign", "verify"],
        "alg": "ES256", "ext": true, "crv": "P-256", "x": x, "y": y, "d": BASE64URL_NOPAD.encode(d),
    }))
}

fn rs256() -> Result<Value, KeyError> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| failed())?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| failed())?;
    let numbers = rsa_numbers(der.as_ref()).ok_or_else(failed)?;
    let names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
    let mut jwk = json!({
        "kty": "RSA", "kid": null, "use": "sig", "key_ops": ["sign", "verify"], "alg": "RS256", "ext": true,
    });
    for (name, number) in names.into_iter().zip(numbers) {
        jwk[name] = BASE64URL_NOPAD.encode(number).into();
    }
    let (modulus, exponent) = (&jwk["n"], &jwk["e"]);
    jwk["kid"] = kid(&format!(r#"{{"e":{exponent},"kty":"RSA","n":{modulus}}}"#)).into();
    Ok(jwk)
}

/// The numbers of a PKCS #8 RSA key (RFC 5208 §5 around RFC 8017 A.1.2), in the order of JWK's names.
fn rsa_numbers(der: &[u8]) -> Option<[&[u8]; 8]> {
    let (mut outer, _) = element(der, 0x30)?;
    for tag in [0x02, 0x30] {
        (_, outer) = element(outer, tag)?;
    }
    let (key, _) = element(outer, 0x04)?;
    let (numbers, _) = element(key, 0x30)?;
    let (_, mut rest) = element(numbers, 0x02)?;
    let mut found = [&[][..]; 8];
    for slot in &mut found {
        let (number, after) = element(rest, 0x02)?;
        // A leading zero only says that the number is positive.
        *slot = number.strip_prefix(&[0]).unwrap_or(number);
        rest = after;
    }
    Some(found)
}

/// The content of the element at the beginning, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let count = usize::from(first & 0x7f);
        let (digits, after) = rest.split_at_checked(count).filter(|_| count <= 4)?;
        length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
        rest = after;
    }
    (found == tag).then(|| rest.split_at_checked(length)).flatten()
}
