//! ID tokens of others (OpenID Connect Core §3.1.3.7): keys by discovery, signature, issuer, audience, times, at_hash.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use ferrobase_http::{Outgoing, OutgoingError};
use ferrobase_jwt::{Claims, Clock, KeyError, Rejection, Verifier, constant_time_eq};
use serde_json::{Map, Value};

use super::Issuer;
use super::client::get_json;

/// How long keys are used without asking again, in seconds.
const FRESH: i64 = 600;
/// Shortest pause between two questions to one issuer, in seconds: unknown key ids in made-up tokens must not make us
/// ask without end.
const PAUSE: i64 = 30;
/// Addresses in a discovery document that are asked, or that browsers are sent to.
const ENDPOINTS: [&str; 4] = [
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
];
/// Most remembered issuers. Those of many tenants could fill the memory otherwise.
const MOST: usize = 64;

/// Why an ID token is not accepted. For the log: the client only learns that it is bad.
#[derive(Debug, thiserror::Error)]
pub enum IdTokenError {
    /// It cannot be read at all.
    #[error("the ID token is malformed")]
    Malformed,
    /// The issuer's documents cannot be had.
    #[error("the issuer's keys: {0}")]
    Unreachable(#[from] OutgoingError),
    /// The issuer's documents are not what they should be.
    #[error("the issuer's documents: {0}")]
    Documents(&'static str),
    /// None of its keys can be used.
    #[error("the issuer's keys: {0}")]
    Keys(#[from] KeyError),
    /// Signature or times.
    #[error("the ID token is rejected: {0:?}")]
    Rejected(Rejection),
    /// A claim is missing or not the expected one.
    #[error("the claim {0} of the ID token is wrong")]
    Claim(&'static str),
}

/// Keys of issuers, remembered for a while.
pub struct Issuers {
    outgoing: Outgoing,
    clock: Clock,
    known: Mutex<HashMap<String, Arc<Slot>>>,
}

/// What is known of one issuer. Who needs it while it is being fetched waits for that one answer.
#[derive(Default)]
struct Slot {
    keys: tokio::sync::Mutex<Option<Fetched<Verifier>>>,
    document: tokio::sync::Mutex<Option<Fetched<Document>>>,
}

struct Fetched<T> {
    value: T,
    at: i64,
}

/// A discovery document (OpenID Connect Discovery §3).
pub type Document = Arc<Map<String, Value>>;

/// Where keys come from.
enum Source<'i> {
    /// The issuer's discovery document says it.
    Discovered(&'i Issuer),
    /// A JWK set at this address.
    Set(&'i str),
}

impl Source<'_> {
    /// Two issuers may share a document's address by mistake; they share nothing else.
    fn name(&self) -> String {
        match self {
            Self::Discovered(issuer) => format!("{} {}", issuer.document, issuer.discovery),
            Self::Set(url) => format!("keys {url}"),
        }
    }
}

impl Issuers {
    /// Knows nobody yet.
    pub fn new(outgoing: Outgoing, clock: Clock) -> Self {
        Self {
            outgoing,
            clock,
            known: Mutex::new(HashMap::new()),
        }
    }

    /// The claims of an ID token that `issuer` signed for one of `audiences`. With an access token at hand, `at_hash`
    /// must fit to it if the token has one.
    pub async fn verify(
        &self,
        issuer: &Issuer,
        audiences: &[String],
        token: &str,
        access_token: Option<&str>,
    ) -> Result<Arc<Claims>, IdTokenError> {
        let verifier = self.keys(&Source::Discovered(issuer), token).await?;
        let claims = verifier.verify(token).map_err(IdTokenError::Rejected)?;
        check(&claims, Some(&issuer.id), audiences)?;
        if let Some(access_token) = access_token {
            check_at_hash(token, &claims, access_token)?;
        }
        Ok(claims)
    }

    /// The same for a token of whose issuer only the keys are known.
    pub async fn verify_by_keys(
        &self,
        jwks_uri: &str,
        audiences: &[String],
        token: &str,
    ) -> Result<Arc<Claims>, IdTokenError> {
        let verifier = self.keys(&Source::Set(jwks_uri), token).await?;
        let claims = verifier.verify(token).map_err(IdTokenError::Rejected)?;
        check(&claims, None, audiences)?;
        Ok(claims)
    }

    /// The issuer's discovery document, remembered as long as its keys are.
    pub async fn discover(&self, issuer: &Issuer) -> Result<Document, IdTokenError> {
        let slot = self.slot(&Source::Discovered(issuer).name());
        let mut fetched = slot.document.lock().await;
        let now = self.clock.unix();
        if let Some(known) = fetched.as_ref().filter(|known| now - known.at < FRESH) {
            return Ok(known.value.clone());
        }
        let value = self.fetch_document(issuer).await?;
        *fetched = Some(Fetched {
            value: value.clone(),
            at: now,
        });
        Ok(value)
    }

    /// Forgets everything about an issuer, whose settings have changed.
    pub fn forget(&self, issuer: &Issuer) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&Source::Discovered(issuer).name());
    }

    async fn keys(&self, source: &Source<'_>, token: &str) -> Result<Verifier, IdTokenError> {
        let slot = self.slot(&source.name());
        let mut fetched = slot.keys.lock().await;
        let now = self.clock.unix();
        if let Some(known) = fetched.as_ref() {
            let age = now - known.at;
            if age < FRESH && (age < PAUSE || known.value.has_key_of(token)) {
                return Ok(known.value.clone());
            }
        }
        match self.fetch_keys(source).await {
            Ok(value) => {
                *fetched = Some(Fetched {
                    value: value.clone(),
                    at: now,
                });
                Ok(value)
            }
            // An issuer that is down for a moment still has the keys it had.
            Err(error) => match fetched.as_ref() {
                Some(known) if now - known.at < 2 * FRESH => Ok(known.value.clone()),
                _ => Err(error),
            },
        }
    }

    fn slot(&self, name: &str) -> Arc<Slot> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = known.get(name) {
            return slot.clone();
        }
        if known.len() >= MOST {
            known.clear();
        }
        known.entry(name.to_owned()).or_default().clone()
    }

    async fn fetch_keys(&self, source: &Source<'_>) -> Result<Verifier, IdTokenError> {
        let jwks_uri = match source {
            Source::Set(url) => (*url).to_owned(),
            Source::Discovered(issuer) => {
                let document = self.fetch_document(issuer).await?;
                let jwks_uri = document.get("jwks_uri").and_then(Value::as_str);
                jwks_uri.unwrap_or_default().to_owned()
            }
        };
        let set = self.json(&jwks_uri).await?;
        Ok(Verifier::of_published(&set, self.clock.clone())?)
    }

    async fn fetch_document(&self, issuer: &Issuer) -> Result<Document, IdTokenError> {
        let Value::Object(document) = self.json(&issuer.discovery).await? else {
            return Err(IdTokenError::Documents("no JSON document"));
        };
        let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("issuer") != issuer.document {
            return Err(IdTokenError::Documents(
                "the discovery document is another issuer's",
            ));
        }
        // Who is asked over TLS must not send us on without.
        if issuer.discovery.starts_with("https:") {
            for name in ENDPOINTS {
                if !text(name).is_empty() && !text(name).starts_with("https:") {
                    return Err(IdTokenError::Documents("an endpoint is not https"));
                }
            }
        }
        Ok(Arc::new(document))
    }

    async fn json(&self, url: &str) -> Result<Value, IdTokenError> {
        match get_json(&self.outgoing, url, Vec::new()).await? {
            (200, Some(document)) => Ok(document),
            _ => Err(IdTokenError::Documents("no JSON document")),
        }
    }
}

/// The issuer that an unverified token claims to be from: only good for choosing whose keys to try.
pub fn claimed_issuer(token: &str) -> Option<String> {
    let claims = part(token, 1)?;
    claims.get("iss")?.as_str().map(str::to_owned)
}

fn part(token: &str, index: usize) -> Option<Map<String, Value>> {
    let bytes = BASE64URL_NOPAD
        .decode(token.split('.').nth(index)?.as_bytes())
        .ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn check(claims: &Claims, issuer: Option<&str>, audiences: &[String]) -> Result<(), IdTokenError> {
    if issuer.is_some_and(|issuer| claims.str("iss") != Some(issuer)) {
        return Err(IdTokenError::Claim("iss"));
    }
    if claims.sub().unwrap_or_default().is_empty() {
        return Err(IdTokenError::Claim("sub"));
    }
    // The verifier checks times that are there; an ID token must say when it ends.
    if claims.time("exp").is_none() {
        return Err(IdTokenError::Claim("exp"));
    }
    let named: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let ours = |name: &str| !name.is_empty() && audiences.iter().any(|audience| audience == name);
    if !named.iter().any(|name| ours(name)) {
        return Err(IdTokenError::Claim("aud"));
    }
    // With several audiences the token says who asked for it; that must be us, too.
    match claims.str("azp") {
        Some(azp) if named.len() > 1 && !ours(azp) => Err(IdTokenError::Claim("azp")),
        _ => Ok(()),
    }
}

/// The left half of the access token's hash (OpenID Connect Core §3.1.3.6).
fn check_at_hash(token: &str, claims: &Claims, access_token: &str) -> Result<(), IdTokenError> {
    let Some(expected) = claims.str("at_hash").filter(|hash| !hash.is_empty()) else {
        return Ok(());
    };
    let header = part(token, 0).ok_or(IdTokenError::Malformed)?;
    let algorithm = header.get("alg").and_then(Value::as_str).unwrap_or_default();
    let hash = match algorithm.get(2..) {
        Some("256") => digest::digest(&digest::SHA256, access_token.as_bytes()),
        Some("384") => digest::digest(&digest::SHA384, access_token.as_bytes()),
        _ => digest::digest(&digest::SHA512, access_token.as_bytes()),
    };
    let half = hash.as_ref().get(..hash.as_ref().len() / 2).unwrap_or_default();
    let own = BASE64URL_NOPAD.encode(half);
    if constant_time_eq(own.as_bytes(), expected.as_bytes()) {
        Ok(())
    } else {
        Err(IdTokenError::Claim("at_hash"))
    }
}

/// How long one question may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn claims_that_must_fit() {
        let ours = ["web".to_owned(), "app".to_owned()];
        let verdict = |value: Value| check(&claims(value), Some("https://idp"), &ours).is_ok();
        let good = json!({"iss": "https://idp", "sub": "7", "exp": 9, "aud": "app"});
        assert!(verdict(good.clone()));
        for (name, bad) in [
            ("iss", json!("https://idp/")),
            ("sub", json!("")),
            ("sub", json!(7)),
            ("exp", Value::Null),
            ("exp", json!("9")),
            ("aud", json!("other")),
            ("aud", json!([])),
            ("aud", Value::Null),
            ("aud", json!("")),
        ] {
            let mut changed = good.clone();
            changed[name] = bad;
            assert!(!verdict(changed.clone()), "{changed}");
        }
        let several =
            |azp: &str| json!({"iss": "https://idp", "sub": "7", "exp": 9, "aud": ["app", "x"], "azp": azp});
        assert!(verdict(several("web")) && !verdict(several("x")));
    }

    #[test]
    fn at_hash_is_the_left_half() {
        // The example of OpenID Connect Core, appendix A.3.
        let token = format!("{}.e30.", BASE64URL_NOPAD.encode(br#"{"alg":"RS256"}"#));
        let access = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        let hash = claims(json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}));
        assert!(check_at_hash(&token, &hash, access).is_ok());
        assert!(check_at_hash(&token, &hash, "another").is_err());
        assert!(check_at_hash(&token, &claims(json!({})), "another").is_ok());
    }

    #[test]
    fn the_claimed_issuer_is_read_without_trust() {
        let token = format!("e30.{}.", BASE64URL_NOPAD.encode(br#"{"iss":"https://idp"}"#));
        assert_eq!(claimed_issuer(&token).as_deref(), Some("https://idp"));
        assert_eq!(claimed_issuer("a.b"), None);
    }
}
