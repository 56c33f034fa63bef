//! Signing and verifying user tokens (auth.md 1.1, 5.2).

use std::sync::Arc;

use arc_swap::ArcSwap;
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Value, json};

use crate::claims::Claims;
use crate::clock::Clock;
use crate::digest::hmac_sha256;
use crate::jwk::{self, Key};
use crate::key_ring::RingError;
use crate::signer::Signer;
use crate::verified::Verified;

/// Longest token that is looked at, in bytes.
const LONGEST_TOKEN: usize = 16 * 1024;

/// The keys of a project's tokens.
#[derive(Debug, Clone)]
pub struct KeySet {
    /// The shared secret: verifies HS256 tokens always, signs when `sign_with_secret`.
    pub secret: SecretString,
    /// JWKs. One of them may have `sign` among its `key_ops`; the others verify only.
    pub jwks: Vec<Value>,
    /// Sign with the secret and not with a key of `jwks`.
    pub sign_with_secret: bool,
}

/// A key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A JWK is wrong.
    #[error("JWT key: {0}")]
    Jwk(String),
    /// None or several keys want to sign.
    #[error("exactly one JWT key must have \"sign\" among its key_ops, {0} have")]
    Signers(usize),
    /// A key file cannot be read or written.
    #[error("key file {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A key file has no keys in it.
    #[error("key file {path} cannot be understood: {reason}")]
    Content {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The signing keys cannot be changed like that.
    #[error(transparent)]
    Ring(#[from] RingError),
}

/// A token that is not accepted. The texts are those that clients of the original see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Not a JWT.
    #[error("token is malformed")]
    Malformed,
    /// No key of ours has the token's `kid` and algorithm.
    #[error("token is unverifiable: unrecognized key or signing method")]
    UnknownKey,
    /// The signature does not match.
    #[error("token signature is invalid: signature is invalid")]
    Signature,
    /// `exp` has passed.
    #[error("token has invalid claims: token is expired")]
    Expired,
    /// `nbf` or `iat` lies in the future.
    #[error("token has invalid claims: token is not valid yet")]
    NotYetValid,
    /// The keys of a third party that claims to have signed the token are not known.
    #[error("token is unverifiable: the keys of its issuer are not known")]
    Issuer,
    /// A third party's token is for somebody else.
    #[error("token has invalid claims: token has invalid audience")]
    Audience,
    /// A third party's token does not say whom it is about, or when it ends.
    #[error("token has invalid claims: token is missing required claim")]
    Incomplete,
    /// A third party's token asks for a role that is not a user's.
    #[error("token has invalid claims: this role is not open to third parties")]
    Role,
    /// An ID token, which tells a client of our OAuth server who signed in and opens nothing here.
    #[error("token has invalid claims: token is an ID token")]
    IdToken,
    /// Signing failed.
    #[error("the token could not be signed")]
    NotSigned,
}

/// Signs and verifies; cheap to clone. All clones see a change of the keys ([`TokenKeys::replace`]) at once.
#[derive(Clone)]
pub struct TokenKeys(Arc<ArcSwap<Inner>>);

struct Inner {
    keys: Vec<Key>,
    set: KeySet,
    secret: DecodingKey,
    secret_signer: Signer,
    /// What keys for other purposes are derived from.
    root: [u8; 32],
    /// Index into `keys`; `None` = the secret signs.
    signing: Option<usize>,
    header: String,
    secret_header: String,
    jwks: Arc<str>,
    verified: Verified,
    clock: Clock,
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenKeys")
            .field("jwks", &self.0.load().jwks)
            .finish_non_exhaustive()
    }
}

impl TokenKeys {
    /// Checks the keys. Without `jwks` the secret signs.
    pub fn new(set: &KeySet, clock: Clock) -> Result<Self, KeyError> {
        Ok(Self(Arc::new(ArcSwap::from_pointee(Inner::new(
            set.clone(),
            clock,
        )?))))
    }

    /// Other JWKs beside the same secret, for all clones. Tokens are judged anew: one whose key is no longer here is not
    /// accepted any more. Wrong keys change nothing.
    pub fn replace(&self, jwks: Vec<Value>) -> Result<(), KeyError> {
        let current = self.0.load();
        let set = KeySet {
            jwks,
            ..current.set.clone()
        };
        self.0.store(Arc::new(Inner::new(set, current.clock.clone())?));
        Ok(())
    }

    /// Signs with the project's signing key.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, JwtError> {
        let inner = self.0.load();
        let signer = inner
            .signing
            .and_then(|index| inner.keys[index].signer.as_ref())
            .unwrap_or(&inner.secret_signer);
        sign(signer, &inner.header, claims)
    }

    /// The algorithm of the tokens that [`Self::sign`] makes.
    pub fn signing_algorithm(&self) -> &'static str {
        let inner = self.0.load();
        inner
            .signing
            .and_then(|index| inner.keys[index].signer.as_ref())
            .unwrap_or(&inner.secret_signer)
            .algorithm()
    }

    /// Whether others can check what [`Self::sign`] signs: by a public key, not by the secret.
    pub fn has_public_signing_key(&self) -> bool {
        self.signing_algorithm() != "HS256"
    }

    /// Signs with the project's secret.
    pub fn sign_hs256(&self, claims: &impl Serialize) -> Result<String, JwtError> {
        let inner = self.0.load();
        sign(&inner.secret_signer, &inner.secret_header, claims)
    }

    /// Checks signature, `exp` and `nbf` (no leeway). Tokens that passed once are remembered; their times are checked
    /// every time.
    pub fn verify(&self, token: &str) -> Result<Arc<Claims>, JwtError> {
        if token.len() > LONGEST_TOKEN {
            return Err(JwtError::Malformed);
        }
        let inner = self.0.load();
        let now = inner.clock.unix();
        if let Some(claims) = inner.verified.get(token) {
            check_times(&claims, now)?;
            return Ok(claims);
        }
        let claims = Arc::new(inner.check_signature(token)?);
        // An expired token is not worth remembering.
        check_times(&claims, now)?;
        check_purpose(&claims)?;
        inner.verified.insert(token, Arc::clone(&claims));
        Ok(claims)
    }

    /// A key for another purpose, which `label` names. All processes of a project derive the same; it tells nothing about
    /// the secret.
    pub fn derive(&self, label: &str) -> [u8; 32] {
        hmac_sha256(&self.0.load().root, &[label.as_bytes()])
    }

    /// The public keys, as `/.well-known/jwks.json` shows them.
    pub fn jwks_json(&self) -> Arc<str> {
        Arc::clone(&self.0.load().jwks)
    }
}

impl Inner {
    fn new(set: KeySet, clock: Clock) -> Result<Self, KeyError> {
        let keys = set.jwks.iter().map(jwk::read).collect::<Result<Vec<_>, _>>()?;
        let signers: Vec<usize> = (0..keys.len())
            .filter(|index| keys[*index].signer.is_some())
            .collect();
        let signing = match (&signers[..], set.sign_with_secret || keys.is_empty()) {
            (_, true) => None,
            ([one], false) => Some(*one),
            (all, false) => return Err(KeyError::Signers(all.len())),
        };
        let secret = set.secret.expose_secret().as_bytes();
        let secret_signer = Signer::hs256(secret);
        let secret_header = header(&secret_signer, None);
        let header = signing
            .and_then(|index| {
                keys[index]
                    .signer
                    .as_ref()
                    .map(|signer| header(signer, keys[index].kid.as_deref()))
            })
            .unwrap_or_else(|| secret_header.clone());
        let public: Vec<&Value> = keys.iter().filter_map(|key| key.public.as_ref()).collect();
        let jwks = json!({ "keys": public }).to_string();
        Ok(Self {
            secret: DecodingKey::from_secret(secret),
            secret_signer,
            root: hmac_sha256(secret, &[b"ferrobase: keys for other purposes"]),
            signing,
            header,
            secret_header,
            jwks: jwks.into(),
            verified: Verified::new(),
            clock,
            keys,
            set,
        })
    }

    fn check_signature(&self, token: &str) -> Result<Claims, JwtError> {
        let header = decode_header(token).map_err(|_| JwtError::Malformed)?;
        if asks_for_extensions(token) {
            return Err(JwtError::Malformed);
        }
        let named = header
            .kid
            .as_deref()
            .and_then(|kid| self.keys.iter().find(|key| key.kid.as_deref() == Some(kid)));
        let (key, algorithm) = match named {
            Some(key) => (&key.decoding, key.algorithm),
            None if header.alg == Algorithm::HS256 => (&self.secret, Algorithm::HS256),
            None => return Err(JwtError::UnknownKey),
        };
        if header.alg != algorithm {
            return Err(JwtError::UnknownKey);
        }
        let mut validation = Validation::new(algorithm);
        // Times are checked against our own clock; audience and issuer are the service's business.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        decode::<Claims>(token, key, &validation)
            .map(|data| data.claims)
            .map_err(|error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::InvalidSignature => JwtError::Signature,
                _ => JwtError::Malformed,
            })
    }
}

/// Whether the header says that the token means something else than it seems to unless an extension is understood
/// (RFC 7515 §4.1.11, RFC 7797). We understand none.
pub(crate) fn asks_for_extensions(token: &str) -> bool {
    let header = token
        .split('.')
        .next()
        .and_then(|part| BASE64URL_NOPAD.decode(part.as_bytes()).ok())
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    header.is_none_or(|header| header.get("crit").is_some() || header.get("b64").is_some())
}

/// The encoded header: it never changes for a key.
fn header(signer: &Signer, kid: Option<&str>) -> String {
    let mut header = json!({ "alg": signer.algorithm() });
    if let Some(kid) = kid {
        header["kid"] = json!(kid);
    }
    header["typ"] = json!("JWT");
    BASE64URL_NOPAD.encode(header.to_string().as_bytes())
}

fn sign(signer: &Signer, header: &str, claims: &impl Serialize) -> Result<String, JwtError> {
    let claims = serde_json::to_vec(claims).map_err(|_| JwtError::NotSigned)?;
    let mut token = String::with_capacity(header.len() + claims.len() * 4 / 3 + 96);
    token.push_str(header);
    token.push('.');
    BASE64URL_NOPAD.encode_append(&claims, &mut token);
    let signature = signer.sign(token.as_bytes())?;
    token.push('.');
    BASE64URL_NOPAD.encode_append(&signature, &mut token);
    Ok(token)
}

/// An ID token has the client as its audience and no session (OpenID Connect Core §2). It is signed with the key of access
/// tokens and goes through more hands than they do, so it must not pass for one.
fn check_purpose(claims: &Claims) -> Result<(), JwtError> {
    let client = claims.str("client_id").filter(|client| !client.is_empty());
    if client.is_some() && client == claims.str("aud") && claims.session_id().is_none() {
        return Err(JwtError::IdToken);
    }
    Ok(())
}

/// A time that is no number would otherwise be no limit at all.
fn check_times(claims: &Claims, now: i64) -> Result<(), JwtError> {
    let is_odd = |name| {
        claims
            .get(name)
            .is_some_and(|value| !value.is_number() && !value.is_null())
    };
    if ["exp", "nbf", "iat"].into_iter().any(is_odd) {
        return Err(JwtError::Malformed);
    }
    if claims.time("exp").is_some_and(|expiry| now >= expiry) {
        return Err(JwtError::Expired);
    }
    if claims.time("nbf").is_some_and(|start| now < start) {
        return Err(JwtError::NotYetValid);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
