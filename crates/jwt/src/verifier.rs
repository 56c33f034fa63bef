//! Verifying tokens with whatever key a data API was given: a secret, a JWK or a set of them (rest.md section 15).

use std::sync::Arc;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation};
use serde_json::Value;

use crate::claims::Claims;
use crate::clock::Clock;
use crate::token_keys::{KeyError, asks_for_extensions};
use crate::verified::Verified;

/// Longest token that is looked at, in bytes.
const LONGEST_TOKEN: usize = 16 * 1024;

/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 30;

/// Shortest secret, in bytes.
const SHORTEST_SECRET: usize = 32;

/// Why a token is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// It is empty.
    Empty,
    /// It has so many parts instead of three.
    Parts(usize),
    /// Its header cannot be read.
    Malformed,
    /// It has no signature.
    Unsecured,
    /// Its algorithm is not one of the keys'.
    NoKey,
    /// Its signature cannot be checked.
    Cryptography,
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// It was issued in the future.
    IssuedInFuture,
    /// It is for somebody else.
    Audience,
    /// A time is no number.
    NotANumber(&'static str),
    /// The audience is no text and no list of texts.
    AudienceType,
    /// The claims are no object.
    Claims,
}

struct Key {
    family: AlgorithmFamily,
    /// Only this algorithm, if the key says so.
    algorithm: Option<Algorithm>,
    id: Option<String>,
    decoding: DecodingKey,
}

/// Verifies tokens; cheap to clone.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    keys: Vec<Key>,
    audience: Option<String>,
    verified: Verified,
    clock: Clock,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("keys", &self.0.keys.len())
            .field("audience", &self.0.audience)
            .finish_non_exhaustive()
    }
}

impl Verifier {
    /// `secret` is a text of at least 32 bytes (base64 of one if `is_base64`), a JWK or a JWK set.
    pub fn new(
        secret: &str,
        is_base64: bool,
        audience: Option<String>,
        clock: Clock,
    ) -> Result<Self, KeyError> {
        let keys = match serde_json::from_str::<Value>(secret) {
            Ok(Value::Object(set)) => match set.get("keys").and_then(Value::as_array) {
                Some(keys) => keys.iter().map(jwk).collect::<Result<Vec<_>, _>>()?,
                None => vec![jwk(&Value::Object(set))?],
            },
            _ => vec![shared(secret, is_base64)?],
        };
        Ok(Self(Arc::new(Inner {
            keys,
            audience,
            verified: Verified::new(),
            clock,
        })))
    }

    /// Keys as somebody else publishes them. Shared secrets have no place there and are passed over, as is every key that
    /// this library does not know or that is not for signatures; a set without any usable key is an error.
    pub fn of_published(set: &Value, clock: Clock) -> Result<Self, KeyError> {
        let listed = set.get("keys").and_then(Value::as_array);
        let keys: Vec<Key> = listed
            .into_iter()
            .flatten()
            .filter(|key| key.get("use").and_then(Value::as_str).unwrap_or("sig") == "sig")
            .filter_map(|key| jwk(key).ok())
            .filter(|key| key.family != AlgorithmFamily::Hmac)
            .collect();
        if keys.is_empty() {
            return Err(KeyError::Jwk("the set has no usable key".to_owned()));
        }
        Ok(Self(Arc::new(Inner {
            keys,
            audience: None,
            verified: Verified::new(),
            clock,
        })))
    }

    /// Whether a token's key is among these: by its id, where it names one.
    pub fn has_key_of(&self, token: &str) -> bool {
        let id = header(token).and_then(|header| Some(header.get("kid")?.as_str()?.to_owned()));
        id.is_none_or(|id| {
            let mut keys = self.0.keys.iter();
            keys.any(|key| key.id.as_ref().is_none_or(|own| *own == id))
        })
    }

    /// The claims of a valid token. Signatures are remembered, times are checked on every use.
    pub fn verify(&self, token: &str) -> Result<Arc<Claims>, Rejection> {
        let inner = &*self.0;
        if token.is_empty() {
            return Err(Rejection::Empty);
        }
        let parts = token.split('.').count();
        if parts != 3 {
            return Err(Rejection::Parts(parts));
        }
        if token.len() > LONGEST_TOKEN {
            return Err(Rejection::Malformed);
        }
        let claims = match inner.verified.get(token) {
            Some(claims) => claims,
            None => {
                let claims = Arc::new(inner.decode(token)?);
                inner.verified.insert(token, Arc::clone(&claims));
                claims
            }
        };
        inner.check(&claims)?;
        Ok(claims)
    }
}

impl Inner {
    fn decode(&self, token: &str) -> Result<Claims, Rejection> {
        let header = header(token).ok_or(Rejection::Cryptography)?;
        let name = header.get("alg").and_then(Value::as_str).unwrap_or_default();
        if name == "none" {
            return Err(Rejection::Unsecured);
        }
        let algorithm: Algorithm = name.parse().map_err(|_| Rejection::NoKey)?;
        if asks_for_extensions(token) {
            return Err(Rejection::Cryptography);
        }
        let id = header.get("kid").and_then(Value::as_str);
        let mut rejection = Rejection::NoKey;
        for key in self.keys.iter().filter(|key| key.fits(algorithm, id)) {
            match decode(token, key, algorithm) {
                Ok(claims) => return Ok(claims),
                Err(error) => rejection = error,
            }
        }
        Err(rejection)
    }

    fn check(&self, claims: &Claims) -> Result<(), Rejection> {
        let now = self.clock.unix();
        let time = |name: &'static str| match claims.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(_)) => Ok(claims.time(name)),
            Some(_) => Err(Rejection::NotANumber(name)),
        };
        if time("exp")?.is_some_and(|expiry| now - LEEWAY > expiry) {
            return Err(Rejection::Expired);
        }
        if time("nbf")?.is_some_and(|start| now + LEEWAY < start) {
            return Err(Rejection::NotYetValid);
        }
        if time("iat")?.is_some_and(|issued| now + LEEWAY < issued) {
            return Err(Rejection::IssuedInFuture);
        }
        self.check_audience(claims.get("aud"))
    }

    fn check_audience(&self, claim: Option<&Value>) -> Result<(), Rejection> {
        let audiences: Vec<&str> = match claim {
            None | Some(Value::Null) => return Ok(()),
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all
                .iter()
                .map(Value::as_str)
                .collect::<Option<_>>()
                .ok_or(Rejection::AudienceType)?,
            Some(_) => return Err(Rejection::AudienceType),
        };
        match &self.audience {
            Some(wanted) if !audiences.is_empty() && !audiences.contains(&wanted.as_str()) => {
                Err(Rejection::Audience)
            }
            _ => Ok(()),
        }
    }
}

impl Key {
    fn fits(&self, algorithm: Algorithm, id: Option<&str>) -> bool {
        let same_id = match (&self.id, id) {
            (Some(own), Some(id)) => own == id,
            _ => true,
        };
        same_id && self.family == algorithm.family() && self.algorithm.is_none_or(|own| own == algorithm)
    }
}

fn header(token: &str) -> Option<Value> {
    let part = token.split('.').next()?;
    let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn decode(token: &str, key: &Key, algorithm: Algorithm) -> Result<Claims, Rejection> {
    use jsonwebtoken::errors::ErrorKind;
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation)
        .map(|data| data.claims)
        .map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => Rejection::NoKey,
            ErrorKind::Json(_) => Rejection::Claims,
            _ => Rejection::Cryptography,
        })
}

fn shared(secret: &str, is_base64: bool) -> Result<Key, KeyError> {
    let bytes = if is_base64 {
        let standard = secret
            .trim()
            .replace('-', "+")
            .replace('_', "/")
            .replace('.', "=");
        BASE64
            .decode(standard.as_bytes())
            .map_err(|_| KeyError::Jwk("the secret is not base64".to_owned()))?
    } else {
        secret.as_bytes().to_vec()
    };
    if bytes.len() < SHORTEST_SECRET {
        return Err(KeyError::Jwk(format!(
            "the secret must be at least {SHORTEST_SECRET} characters long"
        )));
    }
    Ok(Key {
        family: AlgorithmFamily::Hmac,
        algorithm: None,
        id: None,
        decoding: DecodingKey::from_secret(&bytes),
    })
}

fn jwk(value: &Value) -> Result<Key, KeyError> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let wrong = |reason: String| KeyError::Jwk(reason);
    let family = match text("kty") {
        Some("oct") => AlgorithmFamily::Hmac,
        Some("RSA") => AlgorithmFamily::Rsa,
        Some("EC") => AlgorithmFamily::Ec,
        Some("OKP") => AlgorithmFamily::Ed,
        _ => return Err(wrong("kty must be oct, RSA, EC or OKP".to_owned())),
    };
    // Only what the key is made of: use and operations are not our business.
    let mut plain = value.clone();
    if let Some(map) = plain.as_object_mut() {
        map.retain(|name, _| !matches!(name.as_str(), "key_ops" | "use" | "ext"));
    }
    let parsed: Jwk = serde_json::from_value(plain).map_err(|error| wrong(error.to_string()))?;
    Ok(Key {
        family,
        algorithm: text("alg").and_then(|name| name.parse().ok()),
        id: text("kid").map(str::to_owned),
        decoding: DecodingKey::from_jwk(&parsed).map_err(|error| wrong(error.to_string()))?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    const SECRET: &str = "a secret of at least thirty-two bytes";

    fn token(claims: &Value, secret: &str) -> String {
        jsonwebtoken::encode(
            &jsonwebtoken::Header::default(),
            claims,
            &jsonwebtoken::EncodingKey::from_secret(secret.as_bytes()),
        )
        .unwrap()
    }

    fn verify(claims: &Value) -> Result<Arc<Claims>, Rejection> {
        let verifier = Verifier::new(SECRET, false, Some("me".to_owned()), Clock::System).unwrap();
        verifier.verify(&token(claims, SECRET))
    }

    #[test]
    fn claims_are_checked() {
        assert!(verify(&json!({"role": "a"})).is_ok());
        assert_eq!(verify(&json!({"exp": 1})), Err(Rejection::Expired));
        assert_eq!(
            verify(&json!({"nbf": 99_999_999_999_i64})),
            Err(Rejection::NotYetValid)
        );
        assert_eq!(
            verify(&json!({"iat": 99_999_999_999_i64})),
            Err(Rejection::IssuedInFuture)
        );
        assert_eq!(verify(&json!({"iat": "x"})), Err(Rejection::NotANumber("iat")));
        assert_eq!(verify(&json!({"aud": ["you"]})), Err(Rejection::Audience));
        assert_eq!(verify(&json!({"aud": [1]})), Err(Rejection::AudienceType));
        assert!(verify(&json!({"aud": ["you", "me"]})).is_ok());
        assert!(verify(&json!({"aud": []})).is_ok());
    }

    #[test]
    fn foreign_and_broken_tokens_are_rejected() {
        let verifier = Verifier::new(SECRET, false, None, Clock::System).unwrap();
        let foreign = token(&json!({}), "another secret of thirty-two bytes or so");
        assert_eq!(verifier.verify(&foreign), Err(Rejection::NoKey));
        assert_eq!(verifier.verify(""), Err(Rejection::Empty));
        assert_eq!(verifier.verify("a.b"), Err(Rejection::Parts(2)));
        let none = BASE64URL_NOPAD.encode(br#"{"alg":"none"}"#);
        assert_eq!(
            verifier.verify(&format!("{none}.e30.")),
            Err(Rejection::Unsecured)
        );
        assert!(Verifier::new("short", false, None, Clock::System).is_err());
    }

    #[test]
    fn published_sets_hold_no_secrets() {
        let oct = json!({"kty": "oct", "k": BASE64URL_NOPAD.encode(SECRET.as_bytes()), "kid": "a"});
        let ec = json!({
            "kty": "EC", "crv": "P-256", "kid": "b", "use": "sig",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        });
        let odd = json!({"kty": "???", "kid": "c"});
        assert!(Verifier::of_published(&json!({"keys": [oct, odd]}), Clock::System).is_err());
        let verifier = Verifier::of_published(&json!({"keys": [oct, odd, ec]}), Clock::System).unwrap();
        let forged = token(&json!({"sub": "a"}), SECRET);
        assert_eq!(verifier.verify(&forged), Err(Rejection::NoKey));
        let kid =
            |kid: &str| BASE64URL_NOPAD.encode(json!({"alg": "ES256", "kid": kid}).to_string().as_bytes());
        assert!(verifier.has_key_of(&format!("{}.e30.", kid("b"))));
        assert!(!verifier.has_key_of(&format!("{}.e30.", kid("z"))));
    }
}
