//! JSON Web Keys as configured (auth.md 5.2) and what the token library makes of them.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value, json};

use crate::KeyError;
use crate::signer::Signer;

/// One key of the set.
pub(crate) struct Key {
    pub(crate) kid: Option<String>,
    pub(crate) algorithm: Algorithm,
    pub(crate) decoding: DecodingKey,
    /// Present on the one key that signs.
    pub(crate) signer: Option<Signer>,
    /// The public half as it is published; `None` for symmetric keys.
    pub(crate) public: Option<Value>,
}

/// Reads a private (or symmetric, or public verify-only) JWK.
pub(crate) fn read(jwk: &Value) -> Result<Key, KeyError> {
    let map = jwk.as_object().ok_or_else(|| bad("a key is not a JSON object"))?;
    let text = |name: &str| map.get(name).and_then(Value::as_str);
    let kid = text("kid").map(str::to_owned);
    let operations: Vec<&str> = map
        .get("key_ops")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let signs = operations.contains(&"sign");
    let (algorithm, signer) = match text("kty") {
        Some("oct") => {
            let secret = decode(map, "k")?;
            return Ok(Key {
                kid,
                algorithm: Algorithm::HS256,
                decoding: DecodingKey::from_secret(&secret),
                signer: signs.then(|| Signer::hs256(&secret)),
                public: None,
            });
        }
        Some("EC") if text("crv") == Some("P-256") => {
            (Algorithm::ES256, if signs { Some(ec_key(map)?) } else { None })
        }
        Some("RSA") => (Algorithm::RS256, if signs { Some(rsa_key(map)?) } else { None }),
        Some("OKP") if text("crv") == Some("Ed25519") => {
            (Algorithm::EdDSA, if signs { Some(ed_key(map)?) } else { None })
        }
        _ => {
            return Err(bad(
                "kty must be oct, RSA, EC with crv P-256, or OKP with crv Ed25519",
            ));
        }
    };
    let public = public_half(map, algorithm)?;
    let parsed: Jwk = serde_json::from_value(public.clone()).map_err(|error| bad(&error.to_string()))?;
    let decoding = DecodingKey::from_jwk(&parsed).map_err(|error| bad(&error.to_string()))?;
    Ok(Key {
        kid,
        algorithm,
        decoding,
        signer,
        public: Some(public),
    })
}

pub(crate) fn bad(reason: &str) -> KeyError {
    KeyError::Jwk(reason.to_owned())
}

fn decode(map: &Map<String, Value>, name: &str) -> Result<Vec<u8>, KeyError> {
    let text = map
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| bad(&format!("{name} is missing")))?;
    BASE64URL_NOPAD
        .decode(text.trim_end_matches('=').as_bytes())
        .map_err(|_| bad(&format!("{name} is not base64url")))
}

fn ec_key(map: &Map<String, Value>) -> Result<Signer, KeyError> {
    let (d, x, y) = (decode(map, "d")?, decode(map, "x")?, decode(map, "y")?);
    let mut point = vec![4];
    point.extend_from_slice(&x);
    point.extend_from_slice(&y);
    EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &d, &point)
        .map(|pair| Signer::Es256(Box::new(pair)))
        .map_err(|_| bad("the EC key is inconsistent"))
}

fn ed_key(map: &Map<String, Value>) -> Result<Signer, KeyError> {
    Ed25519KeyPair::from_seed_and_public_key(&decode(map, "d")?, &decode(map, "x")?)
        .map(|pair| Signer::EdDsa(Box::new(pair)))
        .map_err(|_| bad("the Ed25519 key is inconsistent"))
}

fn rsa_key(map: &Map<String, Value>) -> Result<Signer, KeyError> {
    let mut parts = Vec::new();
    for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        parts.push(decode(map, name)?);
    }
    RsaKeyPair::from_der(&rsa_private_key_der(&parts))
        .map(|pair| Signer::Rs256(Box::new(pair)))
        .map_err(|_| bad("the RSA key is inconsistent or shorter than 2048 bits"))
}

/// RSAPrivateKey of PKCS #1 (RFC 8017, A.1.2): version 0 and the eight numbers.
fn rsa_private_key_der(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut body = der_integer(&[0]);
    for part in parts {
        body.extend(der_integer(part));
    }
    let mut der = vec![0x30];
    der.extend(der_length(body.len()));
    der.extend(body);
    der
}

fn der_integer(bytes: &[u8]) -> Vec<u8> {
    let significant: &[u8] = bytes
        .iter()
        .position(|byte| *byte != 0)
        .map_or(&[0], |first| &bytes[first..]);
    // A set top bit would make the number negative.
    let needs_zero = significant[0] & 0x80 != 0;
    let mut der = vec![0x02];
    der.extend(der_length(significant.len() + usize::from(needs_zero)));
    if needs_zero {
        der.push(0);
    }
    der.extend_from_slice(significant);
    der
}

fn der_length(length: usize) -> Vec<u8> {
    if length < 128 {
        return vec![u8::try_from(length).unwrap_or_default()];
    }
    let bytes: Vec<u8> = length
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect();
    let mut der = vec![0x80 | u8::try_from(bytes.len()).unwrap_or_default()];
    der.extend(bytes);
    der
}

fn public_half(map: &Map<String, Value>, algorithm: Algorithm) -> Result<Value, KeyError> {
    let mut public = Map::new();
    for name in ["kty", "kid", "crv", "x", "y", "n", "e"] {
        if let Some(value) = map.get(name) {
            public.insert(name.to_owned(), value.clone());
        }
    }
    let name = serde_json::to_value(algorithm).map_err(|error| bad(&error.to_string()))?;
    public.insert("alg".to_owned(), name);
    public.insert("use".to_owned(), json!("sig"));
    public.insert("key_ops".to_owned(), json!(["verify"]));
    Ok(Value::Object(public))
}
