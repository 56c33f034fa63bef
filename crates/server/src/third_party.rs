//! Tokens that others signed (`auth.third_party`): their keys by discovery, and what of a token must be right.
//!
//! Such a token says who somebody is for the data API. It never makes a user of the Auth service, and never an
//! administrator: see [`ferrobase_http::TokenState::Foreign`].

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use data_encoding::BASE64URL_NOPAD;
use ferrobase_http::{Outgoing, OutgoingRequest, is_open_to_third_parties};
use ferrobase_jwt::{Claims, Clock, JwtError, Rejection, Verifier};
use http::Method;
use serde_json::Value;
use tokio::sync::Notify;
use url::Url;

use crate::settings::ThirdParty;

/// How long keys are used without asking again.
const FRESH: Duration = Duration::from_secs(600);
/// Shortest pause between two questions to one issuer: made-up key ids must not make us ask without end.
const PAUSE: Duration = Duration::from_secs(5);
/// Longest pause while an issuer does not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How long keys are used whose issuer does not answer any more, in seconds.
const STALE: i64 = 24 * 3600;
/// Time for one document.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes of one document.
const LARGEST: usize = 256 * 1024;
/// Longest token that is looked at, in bytes, as with our own.
const LONGEST_TOKEN: usize = 16 * 1024;

/// All of them; cheap to clone.
#[derive(Clone)]
pub(crate) struct ThirdParties(Arc<[Issuer]>);

/// One of them.
struct Issuer {
    party: ThirdParty,
    keys: ArcSwapOption<Keys>,
    /// A token came whose key is not known yet.
    wanted: Notify,
    outgoing: Outgoing,
    clock: Clock,
}

struct Keys {
    verifier: Verifier,
    /// `iss` to the letter: some end it with a slash.
    issuer: String,
    published: Value,
    fetched_at: i64,
}

/// Why an issuer's keys are not known. For the log.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("{url}: {reason}")]
    Document { url: String, reason: String },
    #[error("the discovery document is that of another issuer: {0}")]
    OtherIssuer(String),
    #[error("jwks_uri is not an https URL: {0}")]
    Address(String),
    #[error("the published keys: {0}")]
    Keys(#[from] ferrobase_jwt::KeyError),
}

impl ThirdParties {
    /// `guarded` asks the issuers; `open` asks where the operator says that an issuer is found elsewhere.
    pub(crate) fn new(parties: Vec<ThirdParty>, guarded: &Outgoing, open: &Outgoing, clock: &Clock) -> Self {
        let issuers = parties.into_iter().map(|party| Issuer {
            outgoing: if party.base_url.is_some() { open } else { guarded }.clone(),
            clock: clock.clone(),
            keys: ArcSwapOption::empty(),
            wanted: Notify::new(),
            party,
        });
        Self(issuers.collect())
    }

    /// The verdict on a token that one of them claims to have signed; `None` if it is nobody's here.
    pub(crate) fn verify(&self, token: &str) -> Option<Result<Arc<Claims>, JwtError>> {
        if self.0.is_empty() || token.len() > LONGEST_TOKEN {
            return None;
        }
        let claimed = part(token, 1)?;
        let claimed = claimed.get("iss")?.as_str()?.trim_end_matches('/');
        let issuer = self.0.iter().find(|issuer| issuer.party.issuer == claimed)?;
        Some(issuer.verify(token))
    }

    /// Keeps the keys fresh until the end.
    pub(crate) fn tasks<E: Future<Output = ()> + Send + 'static>(
        &self,
        until: impl Fn() -> E,
    ) -> Vec<tokio::task::JoinHandle<()>> {
        (0..self.0.len())
            .map(|index| tokio::spawn(keep_fresh(self.clone(), index, until())))
            .collect()
    }
}

async fn keep_fresh(all: ThirdParties, index: usize, ended: impl Future<Output = ()> + Send) {
    let issuer = &all.0[index];
    let mut ended = std::pin::pin!(ended);
    let mut pause = PAUSE;
    loop {
        let wait = match issuer.refresh().await {
            Ok(()) => {
                pause = PAUSE;
                FRESH
            }
            Err(error) => {
                tracing::warn!(issuer = issuer.party.name, %error, "the keys of a third party cannot be fetched");
                pause = (pause * 2).min(LONGEST_PAUSE);
                pause / 2
            }
        };
        tokio::select! {
            () = &mut ended => return,
            () = async {
                tokio::time::sleep(PAUSE.min(wait)).await;
                tokio::select! {
                    () = tokio::time::sleep(wait.saturating_sub(PAUSE)) => {}
                    () = issuer.wanted.notified() => {}
                }
            } => {}
        }
    }
}

impl Issuer {
    fn verify(&self, token: &str) -> Result<Arc<Claims>, JwtError> {
        let keys = self.keys.load();
        let keys = keys
            .as_ref()
            .filter(|keys| self.clock.unix() - keys.fetched_at < STALE);
        let Some(keys) = keys else {
            self.wanted.notify_one();
            return Err(JwtError::Issuer);
        };
        let names_its_key =
            part(token, 0).is_some_and(|header| header.get("kid").is_some_and(Value::is_string));
        if !names_its_key {
            return Err(JwtError::UnknownKey);
        }
        if !keys.verifier.has_key_of(token) {
            self.wanted.notify_one();
            return Err(JwtError::UnknownKey);
        }
        let claims = keys.verifier.verify(token).map_err(|rejection| match rejection {
            Rejection::NoKey | Rejection::Unsecured => JwtError::Signature,
            Rejection::Expired => JwtError::Expired,
            Rejection::NotYetValid | Rejection::IssuedInFuture => JwtError::NotYetValid,
            _ => JwtError::Malformed,
        })?;
        self.check(&claims, &keys.issuer)?;
        Ok(claims)
    }

    fn check(&self, claims: &Claims, issuer: &str) -> Result<(), JwtError> {
        if claims.str("iss") != Some(issuer) {
            return Err(JwtError::UnknownKey);
        }
        let has_end = claims.time("exp").is_some();
        if !has_end || claims.sub().unwrap_or_default().is_empty() {
            return Err(JwtError::Incomplete);
        }
        let wanted = &self.party.audiences;
        let is_wanted = |name: &Value| {
            name.as_str()
                .is_some_and(|name| wanted.iter().any(|one| one == name))
        };
        let is_for_us = match claims.get("aud") {
            _ if wanted.is_empty() => true,
            Some(Value::Array(names)) => names.iter().any(is_wanted),
            Some(name) => is_wanted(name),
            None => false,
        };
        if !is_for_us {
            return Err(JwtError::Audience);
        }
        match claims.get("role") {
            None | Some(Value::Null) => Ok(()),
            Some(role) if role.as_str().is_some_and(is_open_to_third_parties) => Ok(()),
            Some(_) => Err(JwtError::Role),
        }
    }

    async fn refresh(&self) -> Result<(), FetchError> {
        let base = match &self.party.base_url {
            Some(url) => url.as_str().trim_end_matches('/'),
            None => &self.party.issuer,
        };
        let url = format!("{base}/.well-known/openid-configuration");
        let document = self.document(&url).await?;
        let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
        let issuer = text("issuer");
        if issuer.trim_end_matches('/') != self.party.issuer {
            return Err(FetchError::OtherIssuer(shortened(issuer)));
        }
        let jwks_uri = text("jwks_uri");
        // Who is asked over TLS must not send us on without.
        if url.starts_with("https:") && !jwks_uri.starts_with("https:") {
            return Err(FetchError::Address(shortened(jwks_uri)));
        }
        let published = self.document(jwks_uri).await?;
        let known = self.keys.load();
        let verifier = match known.as_ref().filter(|keys| keys.published == published) {
            // It remembers what it verified.
            Some(keys) => keys.verifier.clone(),
            None => Verifier::of_published(&published, self.clock.clone())?,
        };
        self.keys.store(Some(Arc::new(Keys {
            verifier,
            issuer: issuer.to_owned(),
            published,
            fetched_at: self.clock.unix(),
        })));
        Ok(())
    }

    async fn document(&self, url: &str) -> Result<Value, FetchError> {
        let failed = |reason: String| FetchError::Document {
            url: shortened(url),
            reason,
        };
        let request = OutgoingRequest {
            method: Method::GET,
            url: Url::parse(url).map_err(|error| failed(error.to_string()))?,
            headers: vec![("accept".to_owned(), "application/json".to_owned())],
            body: Vec::new(),
            timeout: TIMEOUT,
            max_response: LARGEST,
        };
        let answer = self
            .outgoing
            .send(request)
            .await
            .map_err(|error| failed(error.to_string()))?;
        if answer.status != 200 {
            return Err(failed(format!("status {}", answer.status)));
        }
        serde_json::from_slice(&answer.body).map_err(|error| failed(error.to_string()))
    }
}

/// For the log: what others wrote may be long.
fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

/// A part of a token, unverified: only good for choosing whose keys to try.
fn part(token: &str, index: usize) -> Option<Value> {
    let bytes = BASE64URL_NOPAD
        .decode(token.split('.').nth(index)?.as_bytes())
        .ok()?;
    serde_json::from_slice(&bytes).ok()
}
