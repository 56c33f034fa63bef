//! Talking to providers: the authorization URL, the exchange of a code, the lookups. Bounded in time and size, without
//! redirects; what a provider answers is never shown to a client.

use std::collections::BTreeMap;

use axum::http::Method;
use data_encoding::BASE64;
use ferrobase_http::{Outgoing, OutgoingError, OutgoingRequest};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::oidc::{self, IdTokenError, Issuers, TIMEOUT};
use super::{Answers, ClientAuth, Provider, Site};
use crate::config::ProviderConfig;
use crate::model::profile::Profile;

/// Largest answer, in bytes.
const LARGEST: usize = 1 << 20;

/// Parameters that are ours alone, whatever the caller's query says (in any letter case).
const RESERVED: [&str; 8] = [
    "client_id",
    "client_secret",
    "redirect_uri",
    "response_type",
    "state",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
];
/// Parameters that are meant for this service. Some of them are secrets.
const FOR_US: [&str; 7] = [
    "provider",
    "scopes",
    "redirect_to",
    "invite_token",
    "skip_http_redirect",
    "apikey",
    "access_token",
];

/// Why a provider could not be used. For the log.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// No answer.
    #[error(transparent)]
    Outgoing(#[from] OutgoingError),
    /// An answer that is a refusal, or not understood.
    #[error("{what} answered {status}{}", reason(.error))]
    Answer {
        /// Which endpoint.
        what: &'static str,
        /// Its status.
        status: u16,
        /// The OAuth error name, if it gave one.
        error: String,
    },
    /// The settings or the provider give an address that is none.
    #[error("{0} is not a URL")]
    Url(String),
    /// Its ID token is not accepted.
    #[error(transparent)]
    IdToken(#[from] IdTokenError),
    /// It does not say who the person is.
    #[error("the profile has no subject")]
    NoSubject,
}

fn reason(error: &str) -> String {
    if error.is_empty() {
        String::new()
    } else {
        format!(" ({error})")
    }
}

/// What the token endpoint gave.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// Access token.
    pub access: String,
    /// Refresh token, if any.
    pub refresh: Option<String>,
    /// ID token, if any.
    pub id_token: Option<String>,
    /// The whole answer.
    pub answer: Value,
}

/// A provider as the project has set it up.
#[derive(Clone, Copy)]
pub struct Client<'a> {
    /// The provider.
    pub provider: &'static Provider,
    /// Its settings.
    pub settings: &'a ProviderConfig,
    /// The way out.
    pub outgoing: &'a Outgoing,
}

/// What an authorization URL is made of, besides the settings.
#[derive(Debug, Clone, Copy)]
pub struct Authorization<'a> {
    /// Comes back with the callback.
    pub state: &'a str,
    /// Further scopes, separated by commas.
    pub scopes: &'a str,
    /// S256 challenge, for providers with PKCE.
    pub challenge: Option<&'a str>,
    /// The caller's query.
    pub query: &'a [(String, String)],
}

impl<'a> Client<'a> {
    /// The provider with our credentials.
    pub fn site(&self) -> Site<'a> {
        Site {
            base: self.settings.url.as_deref(),
            client_id: self.settings.client_ids.first().map_or("", String::as_str),
            secret: self.settings.secret.expose_secret(),
            access_token: "",
        }
    }

    /// Where to send the browser (RFC 6749 §4.1.1).
    pub fn authorization_url(&self, asked: &Authorization<'_>) -> Result<String, ProviderError> {
        let site = self.site();
        let mut scopes = self.provider.scopes.to_vec();
        scopes.extend(
            asked
                .scopes
                .split(',')
                .map(str::trim)
                .filter(|scope| !scope.is_empty()),
        );
        let mut parameters: BTreeMap<&str, String> = BTreeMap::new();
        for (name, value) in self.provider.parameters {
            parameters.insert(name, (*value).to_owned());
        }
        if !scopes.is_empty() {
            parameters.insert("scope", scopes.join(" "));
        }
        for (name, value) in passed_on(asked.query) {
            parameters.insert(name, value.to_owned());
        }
        parameters.insert("client_id", site.client_id.to_owned());
        parameters.insert("redirect_uri", self.settings.redirect_uri.clone());
        parameters.insert("response_type", "code".to_owned());
        parameters.insert("state", asked.state.to_owned());
        if let Some(challenge) = asked.challenge {
            parameters.insert("code_challenge", challenge.to_owned());
            parameters.insert("code_challenge_method", "S256".to_owned());
        }
        let mut url = parse(&site.place(self.provider.authorize))?;
        url.query_pairs_mut().extend_pairs(&parameters);
        Ok(url.into())
    }

    /// Exchanges a code (RFC 6749 §4.1.3).
    pub async fn exchange(&self, code: &str, verifier: Option<&str>) -> Result<Tokens, ProviderError> {
        let site = self.site();
        let exchange = Exchange {
            url: &site.place(self.provider.token),
            client_id: site.client_id,
            secret: site.secret,
            redirect_uri: &self.settings.redirect_uri,
            code,
            verifier,
        };
        exchange.send(self.outgoing, self.provider.client_auth).await
    }

    /// Who the person is.
    pub async fn profile(&self, issuers: &Issuers, tokens: &Tokens) -> Result<Profile, ProviderError> {
        if let Some(rules) = self.provider.id_token.as_ref().filter(|rules| rules.in_code_flow)
            && let Some(token) = &tokens.id_token
        {
            let claimed = oidc::claimed_issuer(token).ok_or(IdTokenError::Malformed)?;
            let issuer =
                (rules.issuer)(self.settings.url.as_deref(), &claimed).ok_or(IdTokenError::Claim("iss"))?;
            let audience = self.settings.client_ids.get(..1).unwrap_or_default();
            let claims = issuers
                .verify(&issuer, audience, token, Some(&tokens.access))
                .await?;
            return with_subject((rules.read)(self.settings.url.as_deref(), claims.all()));
        }
        let site = Site {
            access_token: &tokens.access,
            ..self.site()
        };
        let mut lookups = Vec::new();
        for lookup in (self.provider.lookups)(&site) {
            let mut headers = vec![("authorization".to_owned(), format!("Bearer {}", tokens.access))];
            headers.extend(
                lookup
                    .headers
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value)),
            );
            match get_json(self.outgoing, &lookup.url, headers).await? {
                (200..=299, Some(answer)) => lookups.push(answer),
                (status, answer) => return Err(refusal("a lookup", status, answer.as_ref())),
            }
        }
        let answers = Answers {
            token: &tokens.answer,
            lookups: &lookups,
        };
        with_subject((self.provider.read)(&site, &answers))
    }
}

/// A code on its way to become tokens.
#[derive(Clone, Copy)]
pub(super) struct Exchange<'a> {
    pub(super) url: &'a str,
    pub(super) client_id: &'a str,
    pub(super) secret: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) code: &'a str,
    pub(super) verifier: Option<&'a str>,
}

impl Exchange<'_> {
    pub(super) async fn send(
        &self,
        outgoing: &Outgoing,
        client_auth: ClientAuth,
    ) -> Result<Tokens, ProviderError> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", self.code),
            ("redirect_uri", self.redirect_uri),
        ];
        if let Some(verifier) = self.verifier {
            form.push(("code_verifier", verifier));
        }
        let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
        if client_auth == ClientAuth::Form {
            form.extend([("client_id", self.client_id), ("client_secret", self.secret)]);
        } else {
            headers.push(("authorization".to_owned(), basic(self.client_id, self.secret)));
        }
        let (kind, body) = if client_auth == ClientAuth::BasicJson {
            let object: Map<String, Value> = form
                .iter()
                .map(|&(name, value)| (name.to_owned(), json!(value)))
                .collect();
            ("application/json", Value::Object(object).to_string())
        } else {
            let body = Serializer::new(String::new()).extend_pairs(form).finish();
            ("application/x-www-form-urlencoded", body)
        };
        headers.push(("content-type".to_owned(), kind.to_owned()));
        let request = OutgoingRequest {
            method: Method::POST,
            url: parse(self.url)?,
            headers,
            body: body.into_bytes(),
            timeout: TIMEOUT,
            max_response: LARGEST,
        };
        let response = outgoing.send(request).await?;
        tokens(response.status, &response.body)
    }
}

pub(super) fn with_subject(profile: Profile) -> Result<Profile, ProviderError> {
    if profile.subject.is_empty() {
        return Err(ProviderError::NoSubject);
    }
    Ok(profile)
}

/// What of the caller's query the provider gets to see.
pub(super) fn passed_on(query: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    query.iter().filter_map(|(name, value)| {
        let lower = name.to_ascii_lowercase();
        if RESERVED.contains(&lower.as_str()) || FOR_US.contains(&lower.as_str()) {
            return None;
        }
        // `provider` means something to this service, so WorkOS's parameter of that name has another here.
        let name = if name == "workos_provider" {
            "provider"
        } else {
            name
        };
        Some((name, value.as_str()))
    })
}

/// RFC 6749 §2.3.1: both parts form-encoded first.
fn basic(client_id: &str, secret: &str) -> String {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client_id), encoded(secret));
    format!("Basic {}", BASE64.encode(pair.as_bytes()))
}

/// Reads a token answer: JSON, or a form from servers of another age. Some say no with status 200.
fn tokens(status: u16, body: &[u8]) -> Result<Tokens, ProviderError> {
    let answer = serde_json::from_slice::<Value>(body).ok().unwrap_or_else(|| {
        let pairs = url::form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), json!(value)));
        Value::Object(pairs.collect())
    });
    let text = |name: &str| {
        let value = answer.get(name).and_then(Value::as_str);
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    };
    match text("access_token") {
        Some(access) if (200..300).contains(&status) => Ok(Tokens {
            access,
            refresh: text("refresh_token"),
            id_token: text("id_token"),
            answer,
        }),
        _ => Err(refusal("the token endpoint", status, Some(&answer))),
    }
}

pub(super) fn refusal(what: &'static str, status: u16, answer: Option<&Value>) -> ProviderError {
    let error = answer
        .and_then(|answer| answer.get("error"))
        .and_then(Value::as_str);
    ProviderError::Answer {
        what,
        status,
        error: error.unwrap_or_default().chars().take(100).collect(),
    }
}

pub(super) fn parse(text: &str) -> Result<Url, ProviderError> {
    Url::parse(text).map_err(|_| ProviderError::Url(text.to_owned()))
}

/// Asks for a JSON document; `None` when the answer is none.
pub(super) async fn get_json(
    outgoing: &Outgoing,
    url: &str,
    headers: Vec<(String, String)>,
) -> Result<(u16, Option<Value>), OutgoingError> {
    let url = Url::parse(url).map_err(|_| OutgoingError::Refused("the address is not a URL".to_owned()))?;
    let mut all = vec![("accept".to_owned(), "application/json".to_owned())];
    all.extend(headers);
    let request = OutgoingRequest {
        method: Method::GET,
        url,
        headers: all,
        body: Vec::new(),
        timeout: TIMEOUT,
        max_response: LARGEST,
    };
    let response = outgoing.send(request).await?;
    Ok((response.status, serde_json::from_slice(&response.body).ok()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
