//! We as a service provider: our names, and the keys that we sign and decrypt with.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use data_encoding::BASE64;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::encryption::DecryptionKey;
use super::{Result, SamlError, certificate};
use crate::config::SamlConfig;

/// What ends the DER of an RSA public key with the exponent 65537.
const EXPONENT: &[u8] = &[0x02, 0x03, 0x01, 0x00, 0x01];

/// An RSA key that signs requests.
pub struct SigningKey {
    pair: RsaKeyPair,
}

impl SigningKey {
    /// Reads PKCS#1 DER in base64, as the original takes it (`GOTRUE_SAML_PRIVATE_KEY`): at least 2048 bits, exponent 65537.
    pub fn parse(text: &str) -> Result<Self> {
        let der = der_of(text)?;
        let pair = RsaKeyPair::from_der(&der).map_err(|_| {
            SamlError::Key("not an RSA private key of 2048 bits or more in PKCS#1 DER, base64")
        })?;
        let key = Self { pair };
        if key.pair.public_modulus_len() < 2048 / 8 {
            return Err(SamlError::Key("an RSA key of less than 2048 bits"));
        }
        if !key.public_key().ends_with(EXPONENT) {
            return Err(SamlError::Key("an RSA key whose exponent is not 65537"));
        }
        Ok(key)
    }

    /// The public key, as a certificate's BIT STRING holds it.
    pub(super) fn public_key(&self) -> Vec<u8> {
        self.pair.public_key().as_ref().to_vec()
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[allow(
        clippy::disallowed_methods,
        reason = "the crate's own source: with this padding a signature has no randomness that a test would want to fix"
    )]
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| SamlError::Key("does not sign"))?;
        Ok(signature)
    }
}

fn der_of(text: &str) -> Result<Vec<u8>> {
    let packed: String = text.split_whitespace().collect();
    BASE64
        .decode(packed.as_bytes())
        .map_err(|_| SamlError::Key("not base64"))
}

/// The service provider. Cheap to clone.
#[derive(Clone)]
pub struct ServiceProvider(Arc<Inner>);

struct Inner {
    entity_id: String,
    acs_url: String,
    key: SigningKey,
    certificate: Vec<u8>,
    /// Of the key that comes next, while keys are exchanged.
    next_certificate: Option<Vec<u8>>,
    decryption: Vec<DecryptionKey>,
}

impl ServiceProvider {
    /// As configured. Fails on a key that cannot be used.
    pub fn new(config: &SamlConfig) -> Result<Self> {
        let base = config.external_url.as_str().trim_end_matches('/');
        let host = host(&config.external_url);
        let key = SigningKey::parse(config.private_key.expose_secret())?;
        let next = config.private_key_next.as_ref().map(SecretString::expose_secret);
        let next_key = next.map(SigningKey::parse).transpose()?;
        let mut decryption = Vec::new();
        if config.allow_encrypted_assertions {
            // Providers may still encrypt for the other key while keys are exchanged.
            for text in [Some(config.private_key.expose_secret()), next]
                .into_iter()
                .flatten()
            {
                decryption.push(DecryptionKey::of_pkcs1(&der_of(text)?)?);
            }
        }
        Ok(Self(Arc::new(Inner {
            entity_id: format!("{base}/sso/saml/metadata"),
            acs_url: format!("{base}/sso/saml/acs"),
            certificate: certificate::of_own(&key, &host)?,
            next_certificate: next_key.map(|key| certificate::of_own(&key, &host)).transpose()?,
            key,
            decryption,
        })))
    }

    /// Our name, which is where our metadata is.
    pub fn entity_id(&self) -> &str {
        &self.0.entity_id
    }

    /// Where responses go.
    pub fn acs_url(&self) -> &str {
        &self.0.acs_url
    }

    pub(super) fn key(&self) -> &SigningKey {
        &self.0.key
    }

    /// Our certificates in DER, the one in use first.
    pub(super) fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        let next = self.0.next_certificate.as_deref();
        std::iter::once(self.0.certificate.as_slice()).chain(next)
    }

    /// Whether our keys are being exchanged.
    pub fn is_rotating(&self) -> bool {
        self.0.next_certificate.is_some()
    }

    /// The keys that assertions may be encrypted for; none where encrypted ones are not taken.
    pub(super) fn decryption_keys(&self) -> &[DecryptionKey] {
        &self.0.decryption
    }
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}
