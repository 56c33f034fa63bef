//! Certificates: the identity provider's, of which the key counts, and our own, which carries ours.

use aws_lc_rs::signature::{self, ParsedPublicKey};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::der::{
    BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE, SET, TRUE, UTF8, rsa_encryption, sha256_with_rsa, tlv,
};
use super::provider::SigningKey;
use super::{Result, SamlError};
use crate::model::user::Time;

/// A key of an identity provider.
#[derive(Clone)]
pub struct VerifyingKey {
    kind: Kind,
    /// As the certificate's BIT STRING holds it: an RSA public key, or a point.
    key: Vec<u8>,
    not_before: i64,
    not_after: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
}

/// Signature algorithms by their names in XML. What is not here is refused: SHA-1, MACs, and what we do not know.
const ALGORITHMS: [(&str, Kind, &dyn signature::VerificationAlgorithm); 8] = [
    (
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        Kind::Rsa,
        &signature::RSA_PKCS1_2048_8192_SHA256,
    ),
    (
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
        Kind::Rsa,
        &signature::RSA_PKCS1_2048_8192_SHA384,
    ),
    (
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        Kind::Rsa,
        &signature::RSA_PKCS1_2048_8192_SHA512,
    ),
    (
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        Kind::Rsa,
        &signature::RSA_PSS_2048_8192_SHA256,
    ),
    (
        "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1",
        Kind::Rsa,
        &signature::RSA_PSS_2048_8192_SHA384,
    ),
    (
        "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1",
        Kind::Rsa,
        &signature::RSA_PSS_2048_8192_SHA512,
    ),
    (
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        Kind::P256,
        &signature::ECDSA_P256_SHA256_FIXED,
    ),
    (
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
        Kind::P384,
        &signature::ECDSA_P384_SHA384_FIXED,
    ),
];

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VerifyingKey")
    }
}

impl VerifyingKey {
    /// The key of a certificate. Its chain says nothing here: that the metadata names it is what makes it the provider's.
    pub fn of_certificate(der: &[u8]) -> Result<Self> {
        let (_, certificate) =
            X509Certificate::from_der(der).map_err(|_| SamlError::Key("not a certificate"))?;
        let public = certificate.public_key();
        let curve = public
            .algorithm
            .parameters
            .as_ref()
            .and_then(|any| any.as_oid().ok())
            .map(|oid| oid.to_id_string());
        let kind = match (
            public.algorithm.algorithm.to_id_string().as_str(),
            curve.as_deref(),
        ) {
            ("1.2.840.113549.1.1.1", _) => Kind::Rsa,
            ("1.2.840.10045.2.1", Some("1.2.840.10045.3.1.7")) => Kind::P256,
            ("1.2.840.10045.2.1", Some("1.3.132.0.34")) => Kind::P384,
            _ => return Err(SamlError::Key("neither RSA nor P-256 nor P-384")),
        };
        let validity = certificate.validity();
        let key = Self {
            kind,
            key: public.subject_public_key.data.to_vec(),
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
        };
        let usable = ALGORITHMS
            .into_iter()
            .any(|(_, kind, algorithm)| kind == key.kind && key.is_usable_with(algorithm));
        if usable {
            Ok(key)
        } else {
            Err(SamlError::Key("weak or broken"))
        }
    }

    fn is_usable_with(&self, algorithm: &'static dyn signature::VerificationAlgorithm) -> bool {
        ParsedPublicKey::new(algorithm, &self.key).is_ok()
            && (self.kind != Kind::Rsa || self.key.len() >= 2048 / 8)
    }

    /// Whether the certificate is valid at this time. As in the original, an outdated one signs nothing any more.
    pub fn is_current(&self, now: Time) -> bool {
        (self.not_before..=self.not_after).contains(&now.timestamp())
    }

    /// Whether `value` is a signature over `message`, of an algorithm that belongs to this kind of key.
    pub(super) fn verifies(&self, algorithm: &str, message: &[u8], value: &[u8]) -> bool {
        ALGORITHMS
            .into_iter()
            .filter(|(name, kind, _)| *name == algorithm && *kind == self.kind)
            .any(|(_, _, algorithm)| {
                signature::UnparsedPublicKey::new(algorithm, &self.key)
                    .verify(message, value)
                    .is_ok()
            })
    }
}

/// A certificate for our key, signed by itself: identity providers want the key in this form. It is the same each time it is
/// made, so that it need not be kept.
pub(super) fn of_own(key: &SigningKey, host: &str) -> Result<Vec<u8>> {
    let common_name = format!("SAML 2.0 Certificate for {host}");
    let oid_common_name = [0x06, 0x03, 0x55, 0x04, 0x03];
    let attribute = tlv(
        SEQUENCE,
        &[&oid_common_name, &tlv(UTF8, &[common_name.as_bytes()])],
    );
    let name = tlv(SEQUENCE, &[&tlv(SET, &[&attribute])]);
    let validity = tlv(
        SEQUENCE,
        &[&tlv(0x17, &[b"700101000000Z"]), &tlv(0x18, &[b"21700101000000Z"])],
    );
    let public = tlv(
        SEQUENCE,
        &[&rsa_encryption(), &tlv(BIT_STRING, &[&[0], &key.public_key()])],
    );
    // digitalSignature and keyEncipherment.
    let usage = tlv(BIT_STRING, &[&[5, 0b1010_0000]]);
    let oid_usage = [0x06, 0x03, 0x55, 0x1d, 0x0f];
    let usage = tlv(SEQUENCE, &[&oid_usage, TRUE, &tlv(OCTET_STRING, &[&usage])]);
    let alternative = format!("_samlsp.{host}");
    let names = tlv(SEQUENCE, &[&tlv(0x82, &[alternative.as_bytes()])]);
    let oid_names = [0x06, 0x03, 0x55, 0x1d, 0x11];
    let names = tlv(SEQUENCE, &[&oid_names, &tlv(OCTET_STRING, &[&names])]);
    let extensions = tlv(0xa3, &[&tlv(SEQUENCE, &[&usage, &names])]);
    let version = tlv(0xa0, &[&tlv(INTEGER, &[&[2]])]);
    let serial = tlv(INTEGER, &[&[0]]);
    let body = tlv(
        SEQUENCE,
        &[
            &version,
            &serial,
            &sha256_with_rsa(),
            &name,
            &validity,
            &name,
            &public,
            &extensions,
        ],
    );
    let signature = key.sign(&body)?;
    Ok(tlv(
        SEQUENCE,
        &[&body, &sha256_with_rsa(), &tlv(BIT_STRING, &[&[0], &signature])],
    ))
}
