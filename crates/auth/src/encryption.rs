//! Secrets in the database, encrypted (auth.md 5.6): AES-256-GCM under a key that HKDF-SHA256 derives for each row.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use ferrobase_jwt::Random;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::config::EncryptionConfig;
use crate::error::{AuthError, Result};

/// The only scheme there is.
const SCHEME: &str = "aes-gcm-hkdf";
/// Bytes of a key.
const KEY_LEN: usize = 32;

/// Why a stored value cannot be read or written. Clients only see an internal error.
#[derive(Debug, thiserror::Error)]
enum VaultError {
    #[error("the encryption key {0:?} must be 32 bytes in base64url")]
    BadKey(String),
    #[error("no encryption key has the id {0:?}")]
    UnknownKey(String),
    #[error("an encrypted value uses the unknown scheme {0:?}")]
    UnknownScheme(String),
    #[error("an encrypted value is damaged, belongs to another row or was made with another key")]
    Damaged,
}

/// What an encrypted column holds.
#[derive(Serialize, Deserialize)]
struct Sealed {
    key_id: String,
    alg: String,
    data: String,
    nonce: String,
}

/// Encrypts and decrypts columns. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    /// The key for new values; `None` writes plain text.
    current: Option<String>,
    keys: BTreeMap<String, Zeroizing<[u8; KEY_LEN]>>,
    random: Random,
}

impl Vault {
    /// Takes the keys; without a configuration everything stays plain. Fails on keys that are not 32 bytes in base64url, and when
    /// the key for new values is missing.
    pub fn new(config: Option<&EncryptionConfig>, random: Random) -> Result<Self> {
        let mut keys = BTreeMap::new();
        let mut current = None;
        if let Some(config) = config {
            for (id, key) in &config.keys {
                let bytes =
                    decode_key(key).ok_or_else(|| AuthError::internal(VaultError::BadKey(id.clone())))?;
                keys.insert(id.clone(), bytes);
            }
            if config.encrypt {
                let id = &config.encryption_key_id;
                if !keys.contains_key(id) {
                    return Err(AuthError::internal(VaultError::UnknownKey(id.clone())));
                }
                current = Some(id.clone());
            }
        }
        Ok(Self(Arc::new(Inner {
            current,
            keys,
            random,
        })))
    }

    /// What to store for `plain` in the row `id`: encrypted, or unchanged when encryption is off.
    pub fn seal(&self, id: Uuid, plain: &str) -> Result<String> {
        let Some(key_id) = &self.0.current else {
            return Ok(plain.to_owned());
        };
        let nonce: [u8; NONCE_LEN] = self.0.random.bytes();
        let mut data = plain.as_bytes().to_vec();
        self.key(key_id, id)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut data)
            .map_err(|_| AuthError::internal(VaultError::Damaged))?;
        let sealed = Sealed {
            key_id: key_id.clone(),
            alg: SCHEME.to_owned(),
            data: BASE64.encode(&data),
            nonce: BASE64.encode(&nonce),
        };
        serde_json::to_string(&sealed).map_err(AuthError::internal)
    }

    /// The plain text of what the row `id` stores. Values that are not encrypted come back as they are.
    pub fn open(&self, id: Uuid, stored: &str) -> Result<String> {
        if !is_sealed(stored) {
            return Ok(stored.to_owned());
        }
        let damaged = || AuthError::internal(VaultError::Damaged);
        let sealed: Sealed = serde_json::from_str(stored).map_err(|_| damaged())?;
        if sealed.alg != SCHEME {
            return Err(AuthError::internal(VaultError::UnknownScheme(sealed.alg)));
        }
        let nonce = BASE64.decode(sealed.nonce.as_bytes()).map_err(|_| damaged())?;
        let nonce = Nonce::try_assume_unique_for_key(&nonce).map_err(|_| damaged())?;
        let mut data = Zeroizing::new(BASE64.decode(sealed.data.as_bytes()).map_err(|_| damaged())?);
        let key = self.key(&sealed.key_id, id)?;
        let plain = key
            .open_in_place(nonce, Aad::empty(), &mut data)
            .map_err(|_| damaged())?;
        std::str::from_utf8(plain)
            .map(str::to_owned)
            .map_err(|_| damaged())
    }

    /// Whether `stored` should be written anew: it is plain or made with an older key, and encryption is on.
    pub fn needs_reseal(&self, stored: &str) -> bool {
        let Some(current) = &self.0.current else {
            return false;
        };
        let sealed = is_sealed(stored)
            .then(|| serde_json::from_str::<Sealed>(stored).ok())
            .flatten();
        sealed.is_none_or(|sealed| sealed.key_id != *current)
    }

    /// The key of one row.
    fn key(&self, key_id: &str, id: Uuid) -> Result<LessSafeKey> {
        let root = self
            .0
            .keys
            .get(key_id)
            .ok_or_else(|| AuthError::internal(VaultError::UnknownKey(key_id.to_owned())))?;
        let row = id.to_string();
        let info = [row.as_bytes()];
        let pseudorandom = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(root.as_slice());
        let derived = pseudorandom
            .expand(&info, &AES_256_GCM)
            .map_err(|_| AuthError::internal(VaultError::Damaged))?;
        Ok(LessSafeKey::new(UnboundKey::from(derived)))
    }
}

fn is_sealed(stored: &str) -> bool {
    stored.starts_with('{')
}

/// The bytes of a base64url key, with or without padding.
pub(crate) fn decode_key(key: &SecretString) -> Option<Zeroizing<[u8; KEY_LEN]>> {
    let text = key.expose_secret().trim_end_matches('=');
    let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const OLD: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const NEW: &str = "__________________________________________8=";

    fn vault(encrypt: bool, current: &str) -> Vault {
        let keys = [("old", OLD), ("new", NEW)].map(|(id, key)| (id.to_owned(), key.to_owned().into()));
        let config = EncryptionConfig {
            encrypt,
            encryption_key_id: current.to_owned(),
            keys: keys.into(),
        };
        Vault::new(Some(&config), Random).unwrap()
    }

    #[test]
    fn off_means_plain() {
        let vault = Vault::new(None, Random).unwrap();
        assert_eq!(vault.seal(Uuid::nil(), "secret").unwrap(), "secret");
        assert_eq!(vault.open(Uuid::nil(), "secret").unwrap(), "secret");
        assert!(!vault.needs_reseal("secret"));
        assert!(vault.open(Uuid::nil(), r#"{"key_id":"x"}"#).is_err());
    }

    #[test]
    fn sealed_values_belong_to_their_row() {
        let vault = vault(true, "new");
        let id = Uuid::from_u128(7);
        let stored = vault.seal(id, "JBSWY3DPEHPK3PXP").unwrap();
        assert!(!stored.contains("JBSWY3DP") && stored.contains(r#""alg":"aes-gcm-hkdf""#));
        assert_eq!(vault.open(id, &stored).unwrap(), "JBSWY3DPEHPK3PXP");
        let refusal = vault.open(Uuid::from_u128(8), &stored).unwrap_err();
        assert_eq!(refusal.status().as_u16(), 500);
        assert_ne!(stored, vault.seal(id, "JBSWY3DPEHPK3PXP").unwrap());
    }

    #[test]
    fn an_old_key_still_opens_and_asks_for_a_new_seal() {
        let id = Uuid::from_u128(7);
        let stored = vault(true, "old").seal(id, "s").unwrap();
        let now = vault(true, "new");
        assert_eq!(now.open(id, &stored).unwrap(), "s");
        assert!(now.needs_reseal(&stored) && now.needs_reseal("plain"));
        assert!(!now.needs_reseal(&now.seal(id, "s").unwrap()));
        let stopped = vault(false, "");
        assert_eq!(stopped.open(id, &stored).unwrap(), "s");
        assert_eq!(stopped.seal(id, "s").unwrap(), "s");
    }

    #[test]
    fn keys_that_do_not_fit_are_refused() {
        let with = |key: &str, current: &str| {
            let keys = [("k".to_owned(), key.to_owned().into())].into();
            Vault::new(
                Some(&EncryptionConfig {
                    encrypt: true,
                    encryption_key_id: current.to_owned(),
                    keys,
                }),
                Random,
            )
        };
        assert!(with(OLD, "k").is_ok());
        assert!(with("c2hvcnQ", "k").is_err());
        assert!(with(OLD, "other").is_err());
    }
}
