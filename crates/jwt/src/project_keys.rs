//! The secrets of a project: random, made at its first start, kept in one file that only its owner can read.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api_key::{self, KeyRole};
use crate::clock::Clock;
use crate::key_file;
use crate::key_ring::{KeyRing, RingError};
use crate::random::Random;
use crate::token_keys::{KeyError, KeySet, TokenKeys};
use crate::{KeyAlgorithm, constant_time_eq, generate_key};

/// Life of the anon and service_role keys: ten years, as with the original's projects.
const API_KEY_LIFE: i64 = 10 * 365 * 24 * 3600;

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Keys that configuration or environment give; they win over the file.
#[derive(Debug, Clone, Default)]
pub struct GivenKeys {
    /// `auth.jwt_secret`.
    pub jwt_secret: Option<String>,
    /// `auth.anon_key`.
    pub anon_key: Option<String>,
    /// `auth.service_role_key`.
    pub service_role_key: Option<String>,
    /// `auth.publishable_key`.
    pub publishable_key: Option<String>,
    /// `auth.secret_key`.
    pub secret_key: Option<String>,
    /// `storage.s3_protocol.access_key_id`.
    pub s3_access_key_id: Option<String>,
    /// `storage.s3_protocol.secret_access_key`.
    pub s3_secret_access_key: Option<String>,
}

/// All keys of a project.
#[derive(Debug, Clone)]
pub struct ProjectKeys {
    /// Secret of HS256 tokens.
    pub jwt_secret: SecretString,
    /// JWT with the role `anon`.
    pub anon_key: String,
    /// JWT with the role `service_role`.
    pub service_role_key: String,
    /// Opaque key that stands for the anon key.
    pub publishable_key: String,
    /// Opaque key that stands for the service_role key.
    pub secret_key: String,
    /// Keys of user tokens: the one that signs, and those beside it.
    pub signing_keys: KeyRing,
    /// Password of the database roles.
    pub database_password: SecretString,
    /// Access key of the S3 protocol.
    pub s3_access_key_id: String,
    /// Its secret.
    pub s3_secret_access_key: String,
}

/// The file.
#[derive(Serialize, Deserialize)]
struct Stored {
    jwt_secret: String,
    publishable_key: String,
    secret_key: String,
    /// The form of the first releases: the key in use, alone.
    #[serde(default, skip_serializing)]
    signing_key: Option<Value>,
    #[serde(default)]
    signing_keys: KeyRing,
    database_password: String,
    s3_access_key_id: String,
    s3_secret_access_key: String,
    /// Beginning of the life of the anon and service_role keys, so that they stay the same.
    created_at: i64,
}

impl ProjectKeys {
    /// Reads the keys of a project, or makes them. The file is written whole or not at all, with mode 0600.
    pub fn load_or_create(
        path: &Path,
        given: &GivenKeys,
        random: &Random,
        clock: &Clock,
    ) -> Result<Self, KeyError> {
        let stored = match read(path) {
            Err(KeyError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                let stored = generate(random, clock)?;
                key_file::write(path, &stored)?;
                stored
            }
            other => other?,
        };
        assemble(stored, given)
    }

    /// The signing keys of a project's file.
    pub fn signing_keys(path: &Path) -> Result<KeyRing, KeyError> {
        Ok(read(path)?.signing_keys)
    }

    /// Changes the signing keys in a project's file. A refused change leaves it as it is.
    pub fn change_signing_keys(
        path: &Path,
        change: impl FnOnce(&mut KeyRing) -> Result<(), RingError>,
    ) -> Result<KeyRing, KeyError> {
        let mut stored = read(path)?;
        change(&mut stored.signing_keys)?;
        key_file::write(path, &stored)?;
        Ok(stored.signing_keys)
    }

    /// Keys that live as long as the process.
    pub fn random(given: &GivenKeys, random: &Random, clock: &Clock) -> Result<Self, KeyError> {
        assemble(generate(random, clock)?, given)
    }

    /// What an opaque key stands for; `None` if it is not one of ours.
    pub fn role_of_opaque(&self, key: &str) -> Option<KeyRole> {
        let is = |ours: &str| constant_time_eq(ours.as_bytes(), key.as_bytes());
        match (is(&self.publishable_key), is(&self.secret_key)) {
            (true, _) => Some(KeyRole::Anon),
            (_, true) => Some(KeyRole::ServiceRole),
            _ => None,
        }
    }

    /// The JWT of a role.
    pub fn jwt_of(&self, role: KeyRole) -> &str {
        match role {
            KeyRole::Anon => &self.anon_key,
            KeyRole::ServiceRole => &self.service_role_key,
        }
    }
}

fn read(path: &Path) -> Result<Stored, KeyError> {
    let mut stored: Stored = key_file::read(path)?;
    if let Some(key) = stored.signing_key.take()
        && stored.signing_keys.is_empty()
    {
        stored.signing_keys = KeyRing::of(key);
    }
    if stored.signing_keys.is_empty() {
        return Err(KeyError::Content {
            path: path.display().to_string(),
            reason: "it has no signing key".to_owned(),
        });
    }
    Ok(stored)
}

fn generate(random: &Random, clock: &Clock) -> Result<Stored, KeyError> {
    Ok(Stored {
        jwt_secret: random.from_alphabet(ALPHABET, 48),
        publishable_key: api_key::generate(KeyRole::Anon, random),
        secret_key: api_key::generate(KeyRole::ServiceRole, random),
        signing_key: None,
        signing_keys: KeyRing::of(generate_key(KeyAlgorithm::Es256)?),
        database_password: random.from_alphabet(ALPHABET, 32),
        s3_access_key_id: random.from_alphabet(b"0123456789abcdef", 32),
        s3_secret_access_key: random.from_alphabet(b"0123456789abcdef", 64),
        created_at: clock.unix(),
    })
}

fn assemble(stored: Stored, given: &GivenKeys) -> Result<ProjectKeys, KeyError> {
    let jwt_secret: SecretString = given.jwt_secret.clone().unwrap_or(stored.jwt_secret).into();
    // A fixed clock: only the signature is needed here.
    let keys = TokenKeys::new(
        &KeySet {
            secret: jwt_secret.expose_secret().into(),
            jwks: Vec::new(),
            sign_with_secret: true,
        },
        Clock::System,
    )?;
    let api_jwt = |role: KeyRole| {
        let claims = json!({
            "iss": "ferrobase", "role": role.as_str(), "iat": stored.created_at, "exp": stored.created_at + API_KEY_LIFE,
        });
        keys.sign_hs256(&claims)
            .map_err(|error| KeyError::Jwk(error.to_string()))
    };
    Ok(ProjectKeys {
        anon_key: given
            .anon_key
            .clone()
            .map_or_else(|| api_jwt(KeyRole::Anon), Ok)?,
        service_role_key: given
            .service_role_key
            .clone()
            .map_or_else(|| api_jwt(KeyRole::ServiceRole), Ok)?,
        publishable_key: given.publishable_key.clone().unwrap_or(stored.publishable_key),
        secret_key: given.secret_key.clone().unwrap_or(stored.secret_key),
        signing_keys: stored.signing_keys,
        database_password: stored.database_password.into(),
        s3_access_key_id: given.s3_access_key_id.clone().unwrap_or(stored.s3_access_key_id),
        s3_secret_access_key: given
            .s3_secret_access_key
            .clone()
            .unwrap_or(stored.s3_secret_access_key),
        jwt_secret,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn made_once_and_kept_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let load =
            |given: &GivenKeys| ProjectKeys::load_or_create(&path, given, &Random, &Clock::System).unwrap();
        let first = load(&GivenKeys::default());
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let second = load(&GivenKeys::default());
        assert_eq!(first.anon_key, second.anon_key);
        assert_eq!(
            first.role_of_opaque(&second.secret_key),
            Some(KeyRole::ServiceRole)
        );
        assert_eq!(first.role_of_opaque(&second.publishable_key), Some(KeyRole::Anon));
        assert_eq!(first.role_of_opaque("sb_secret_x"), None);

        let secret = "super-secret-jwt-token-with-at-least-32-characters-long";
        let given = GivenKeys {
            jwt_secret: Some(secret.to_owned()),
            ..GivenKeys::default()
        };
        let third = load(&given);
        let set = KeySet {
            secret: secret.into(),
            jwks: third.signing_keys.jwks(),
            sign_with_secret: false,
        };
        let keys = TokenKeys::new(&set, Clock::System).unwrap();
        assert_eq!(
            keys.verify(&third.service_role_key).unwrap().role(),
            Some("service_role")
        );
        assert!(keys.verify(&first.service_role_key).is_err());
    }

    #[test]
    fn the_first_form_of_the_file_is_still_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let load =
            || ProjectKeys::load_or_create(&path, &GivenKeys::default(), &Random, &Clock::System).unwrap();
        let made = load();
        let mut old: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let keys = old.as_object_mut().unwrap().remove("signing_keys").unwrap();
        old["signing_key"] = keys[0]["jwk"].clone();
        std::fs::write(&path, old.to_string()).unwrap();
        assert_eq!(load().signing_keys, made.signing_keys);

        // A change writes the new form, as private as before.
        let standby = generate_key(KeyAlgorithm::Es256).unwrap();
        let changed =
            ProjectKeys::change_signing_keys(&path, |ring| ring.add_standby(standby.clone())).unwrap();
        assert_eq!(load().signing_keys, changed);
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        // A second standby key is refused and changes nothing.
        assert!(ProjectKeys::change_signing_keys(&path, |ring| ring.add_standby(standby)).is_err());
        assert_eq!(load().signing_keys, changed);
    }

    #[test]
    fn a_broken_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        std::fs::write(&path, "{").unwrap();
        let error =
            ProjectKeys::load_or_create(&path, &GivenKeys::default(), &Random, &Clock::System).unwrap_err();
        assert!(error.to_string().contains("keys.json"));
    }
}
