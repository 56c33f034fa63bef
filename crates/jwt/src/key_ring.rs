//! The signing keys of a project and their lives: standby, in use, previously used, revoked.
//!
//! A standby key is published before it signs, so that everybody who remembers the set knows it by then. After a rotation
//! the key before still verifies, so that nobody is signed out; once its tokens have run out, or at once if it leaked, it is
//! revoked. Private halves are kept only as long as they can be needed.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::key_file;
use crate::token_keys::KeyError;

/// Most keys that a project keeps besides the revoked ones, and most revoked ones.
const MOST: usize = 32;

/// Members of a JWK that only its owner may know (RFC 7518 §6.2.2, §6.3.2).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// Where in its life a key is. The names are the original's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    /// Published; signs after the next rotation.
    Standby,
    /// Signs.
    InUse,
    /// Signed once; its tokens are still accepted.
    PreviouslyUsed,
    /// Nothing of it is accepted.
    Revoked,
}

impl KeyStatus {
    /// As a person reads it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standby => "standby",
            Self::InUse => "in use",
            Self::PreviouslyUsed => "previously used",
            Self::Revoked => "revoked",
        }
    }
}

/// One key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RingKey {
    /// Where in its life it is.
    pub status: KeyStatus,
    jwk: Value,
}

impl RingKey {
    /// Its name in tokens; empty if it has none.
    pub fn kid(&self) -> &str {
        self.text("kid")
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> &str {
        self.text("alg")
    }

    fn text(&self, name: &str) -> &str {
        self.jwk.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn allow(&mut self, operations: &[&str]) {
        if let Some(map) = self.jwk.as_object_mut() {
            map.insert("key_ops".to_owned(), json!(operations));
        }
    }

    fn forget_private_half(&mut self) {
        if let Some(map) = self.jwk.as_object_mut() {
            map.retain(|name, _| !PRIVATE.contains(&name.as_str()));
        }
    }
}

/// A change that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// There is one.
    #[error("there is a standby key already ({0}): rotate to it, or revoke it")]
    HasStandby(String),
    /// There is none.
    #[error("there is no standby key to rotate to")]
    NoStandby,
    /// No key has that name.
    #[error("there is no key {0}")]
    Unknown(String),
    /// It signs.
    #[error("the key {0} is in use: rotate to another key first")]
    InUse(String),
    /// Another key has that name.
    #[error("there is a key {0} already")]
    Same(String),
    /// There are too many keys.
    #[error("there are {MOST} keys already: revoke what is no longer used")]
    Full,
}

/// All keys.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyRing(Vec<RingKey>);

impl KeyRing {
    /// One private key, in use.
    pub fn of(jwk: Value) -> Self {
        let status = KeyStatus::InUse;
        Self(vec![RingKey { status, jwk }])
    }

    /// A list of JWKs: the first that may sign is in use, other private ones are on standby, the rest only verify.
    /// Files to which the Supabase CLI appended keys are such lists.
    pub fn from_jwks(jwks: Vec<Value>) -> Self {
        let mut signer = None;
        let keys = jwks.into_iter().enumerate().map(|(index, jwk)| {
            let operations = jwk.get("key_ops").and_then(Value::as_array);
            let signs = operations.is_some_and(|all| all.iter().any(|name| name == "sign"));
            let is_private = jwk.get("d").is_some();
            let status = if signs && *signer.get_or_insert(index) == index {
                KeyStatus::InUse
            } else if is_private {
                KeyStatus::Standby
            } else {
                KeyStatus::PreviouslyUsed
            };
            RingKey { status, jwk }
        });
        let mut ring = Self(keys.collect());
        ring.settle();
        ring
    }

    /// What verifies, and among it the one key that may sign.
    pub fn jwks(&self) -> Vec<Value> {
        let accepted = self.0.iter().filter(|key| key.status != KeyStatus::Revoked);
        accepted.map(|key| key.jwk.clone()).collect()
    }

    /// The keys in the order of their lives.
    pub fn keys(&self) -> impl Iterator<Item = &RingKey> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Publishes a fresh private key that will sign after the next rotation.
    pub fn add_standby(&mut self, jwk: Value) -> Result<(), RingError> {
        if let Some(key) = self.find(KeyStatus::Standby) {
            return Err(RingError::HasStandby(key.kid().to_owned()));
        }
        let status = KeyStatus::Standby;
        let key = RingKey { status, jwk };
        if self.0.iter().any(|other| other.kid() == key.kid()) {
            return Err(RingError::Same(key.kid().to_owned()));
        }
        if self
            .0
            .iter()
            .filter(|key| key.status != KeyStatus::Revoked)
            .count()
            >= MOST
        {
            return Err(RingError::Full);
        }
        self.0.push(key);
        self.settle();
        Ok(())
    }

    /// The standby key signs from now on; the key in use becomes a previously used one.
    pub fn rotate(&mut self) -> Result<(), RingError> {
        let next = self
            .0
            .iter()
            .position(|key| key.status == KeyStatus::Standby)
            .ok_or(RingError::NoStandby)?;
        for key in &mut self.0 {
            if key.status == KeyStatus::InUse {
                key.status = KeyStatus::PreviouslyUsed;
            }
        }
        self.0[next].status = KeyStatus::InUse;
        self.settle();
        Ok(())
    }

    /// Nothing of this key is accepted any more. That cannot be undone: its private half is forgotten.
    pub fn revoke(&mut self, kid: &str) -> Result<(), RingError> {
        let found = self.0.iter_mut().find(|key| key.kid() == kid && !kid.is_empty());
        let key = found.ok_or_else(|| RingError::Unknown(kid.to_owned()))?;
        if key.status == KeyStatus::InUse {
            return Err(RingError::InUse(kid.to_owned()));
        }
        key.status = KeyStatus::Revoked;
        self.settle();
        Ok(())
    }

    fn find(&self, status: KeyStatus) -> Option<&RingKey> {
        self.0.iter().find(|key| key.status == status)
    }

    /// Each key may do what its status says and knows no more than it needs; the key in use comes first, as the Supabase
    /// CLI wants it.
    fn settle(&mut self) {
        for key in &mut self.0 {
            match key.status {
                KeyStatus::InUse => key.allow(&["sign", "verify"]),
                KeyStatus::Standby => key.allow(&["verify"]),
                KeyStatus::PreviouslyUsed => {
                    key.allow(&["verify"]);
                    key.forget_private_half();
                }
                KeyStatus::Revoked => {
                    key.allow(&[]);
                    key.forget_private_half();
                    // The whole of a symmetric key is private.
                    if let Some(map) = key.jwk.as_object_mut() {
                        map.remove("k");
                    }
                }
            }
        }
        self.0.sort_by_key(|key| match key.status {
            KeyStatus::InUse => 0,
            KeyStatus::Standby => 1,
            KeyStatus::PreviouslyUsed => 2,
            KeyStatus::Revoked => 3,
        });
        self.0.truncate(2 * MOST);
    }

    /// The list of JWKs in a file.
    pub fn read_file(path: &Path) -> Result<Self, KeyError> {
        Ok(Self::from_jwks(key_file::read(path)?))
    }

    /// Changes a file with a list of JWKs; revoked keys leave it. A refused change leaves it as it is.
    pub fn change_file(
        path: &Path,
        change: impl FnOnce(&mut Self) -> Result<(), RingError>,
    ) -> Result<Self, KeyError> {
        let mut ring = Self::read_file(path)?;
        change(&mut ring)?;
        key_file::write(path, &ring.jwks())?;
        Ok(ring)
    }
}

/// Writes a fresh key to a file with a list of JWKs, behind those that are there if `append`; says how many there are then.
/// As with the Supabase CLI, the first key of the file is the one in use.
pub fn add_to_file(path: &Path, jwk: Value, append: bool) -> Result<usize, KeyError> {
    let mut keys: Vec<Value> = match std::fs::metadata(path) {
        Ok(about) if append && about.len() > 0 => key_file::read(path)?,
        _ => Vec::new(),
    };
    keys.push(jwk);
    key_file::write(path, &keys)?;
    Ok(keys.len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Clock, KeyAlgorithm, KeySet, TokenKeys, generate_key};

    fn statuses(ring: &KeyRing) -> Vec<KeyStatus> {
        ring.keys().map(|key| key.status).collect()
    }

    fn tokens(ring: &KeyRing) -> TokenKeys {
        let set = KeySet {
            secret: "a secret of at least thirty-two characters".into(),
            jwks: ring.jwks(),
            sign_with_secret: false,
        };
        TokenKeys::new(&set, Clock::System).unwrap()
    }

    #[test]
    fn a_key_lives_through_rotations_until_it_is_revoked() {
        let mut ring = KeyRing::of(generate_key(KeyAlgorithm::Es256).unwrap());
        let first = ring.0[0].kid().to_owned();
        let tokens = tokens(&ring);
        let old = tokens.sign(&json!({"sub": "a"})).unwrap();
        assert_eq!(ring.rotate(), Err(RingError::NoStandby));
        assert_eq!(ring.revoke(&first), Err(RingError::InUse(first.clone())));
        assert_eq!(ring.revoke(""), Err(RingError::Unknown(String::new())));

        ring.add_standby(generate_key(KeyAlgorithm::Rs256).unwrap())
            .unwrap();
        tokens.replace(ring.jwks()).unwrap();
        let second = ring.0[1].kid().to_owned();
        assert!(tokens.jwks_json().contains(&second) && !tokens.sign(&json!({})).unwrap().contains(&second));
        let third = generate_key(KeyAlgorithm::Es256).unwrap();
        assert_eq!(
            ring.add_standby(third),
            Err(RingError::HasStandby(second.clone()))
        );

        ring.rotate().unwrap();
        assert_eq!(statuses(&ring), [KeyStatus::InUse, KeyStatus::PreviouslyUsed]);
        assert_eq!(ring.0[0].kid(), second);
        tokens.replace(ring.jwks()).unwrap();
        let new = tokens.sign(&json!({"sub": "b"})).unwrap();
        assert!(tokens.verify(&old).is_ok() && tokens.verify(&new).is_ok());
        assert!(
            ring.0[1].jwk.get("d").is_none(),
            "its private half is of no more use"
        );

        ring.revoke(&first).unwrap();
        tokens.replace(ring.jwks()).unwrap();
        assert!(tokens.verify(&old).is_err() && tokens.verify(&new).is_ok());
        assert!(!tokens.jwks_json().contains(&first));
        assert_eq!(statuses(&ring), [KeyStatus::InUse, KeyStatus::Revoked]);
        assert_eq!(ring.0[1].kid(), first);
    }

    #[test]
    fn wrong_keys_change_nothing() {
        let ring = KeyRing::of(generate_key(KeyAlgorithm::Es256).unwrap());
        let tokens = tokens(&ring);
        let token = tokens.sign(&json!({"sub": "a"})).unwrap();
        assert!(tokens.replace(vec![json!({"kty": "EC"})]).is_err());
        assert!(tokens.verify(&token).is_ok());
    }

    #[test]
    fn a_file_that_was_appended_to_signs_with_its_first_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        for (count, algorithm) in [KeyAlgorithm::Es256, KeyAlgorithm::Rs256].into_iter().enumerate() {
            let added = add_to_file(&path, generate_key(algorithm).unwrap(), true).unwrap();
            assert_eq!(added, count + 1);
        }
        let ring = KeyRing::read_file(&path).unwrap();
        assert_eq!(statuses(&ring), [KeyStatus::InUse, KeyStatus::Standby]);
        assert_eq!(ring.0[0].algorithm(), "ES256");
        let rotated = KeyRing::change_file(&path, KeyRing::rotate).unwrap();
        let kids = |ring: &KeyRing| -> Vec<String> { ring.keys().map(|key| key.kid().to_owned()).collect() };
        assert_eq!(kids(&rotated), [kids(&ring)[1].clone(), kids(&ring)[0].clone()]);
        assert_eq!(KeyRing::read_file(&path).unwrap(), rotated);
        assert!(tokens(&rotated).jwks_json().contains("RS256"));
        // Written anew, not appended to.
        assert_eq!(
            add_to_file(&path, generate_key(KeyAlgorithm::Es256).unwrap(), false).unwrap(),
            1
        );
    }
}
