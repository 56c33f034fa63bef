//! Twitter by OAuth 1.0a (RFC 5849): a request token first, whose secret is needed again when the browser comes back.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use axum::http::Method;
use data_encoding::BASE64;
use ferrobase_http::OutgoingRequest;
use ferrobase_jwt::{Clock, Random};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use url::Url;
use url::form_urlencoded::Serializer;

use super::answer::{nth, text};
use super::client::{Client, ProviderError, Tokens, parse};
use super::oidc::TIMEOUT;
use super::{Answers, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const HOST: &str = "api.twitter.com";
const PROFILE: &str = "/1.1/account/verify_credentials.json";
const LARGEST: usize = 1 << 20;

/// RFC 3986's unreserved characters stay.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

pub(super) static TWITTER: Provider = Provider {
    name: "twitter",
    authorize: Place {
        host: HOST,
        path: "/oauth/authenticate",
    },
    token: Place {
        host: HOST,
        path: "/oauth/access_token",
    },
    read,
    ..ORDINARY
};

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let user = nth(answers.lookups, 0);
    let login = text(user, "/screen_name");
    Profile::new(&site.url(HOST, PROFILE), text(user, "/id_str"))
        .with_name(&text(user, "/name"))
        .with_picture(&text(user, "/profile_image_url_https"))
        .with("preferred_username", &login)
        .with("user_name", &login)
        .with_email(&text(user, "/email"), true, true)
}

/// A token and its secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenPair {
    /// Shown to the browser or sent along.
    pub token: String,
    /// Signs.
    pub secret: String,
}

/// The signing side of the protocol.
#[derive(Clone, Copy)]
pub struct Consumer<'a> {
    /// Settings and the way out.
    pub client: Client<'a>,
    /// Time.
    pub clock: &'a Clock,
    /// Chance.
    pub random: &'a Random,
}

impl Consumer<'_> {
    /// Asks for a request token; the browser comes back to `callback`.
    pub async fn request_token(&self, callback: &str) -> Result<TokenPair, ProviderError> {
        let url = self.client.site().url(HOST, "/oauth/request_token");
        let answer = self
            .call(
                Method::POST,
                &url,
                &TokenPair::default(),
                &[("oauth_callback", callback)],
            )
            .await?;
        pair(&answer)
    }

    /// Where to send the browser.
    pub fn authorization_url(&self, request: &TokenPair) -> Result<String, ProviderError> {
        let mut url = parse(&self.client.site().place(TWITTER.authorize))?;
        url.query_pairs_mut().append_pair("oauth_token", &request.token);
        Ok(url.into())
    }

    /// Exchanges the request token.
    pub async fn exchange(&self, request: &TokenPair, verifier: &str) -> Result<TokenPair, ProviderError> {
        let url = self.client.site().place(TWITTER.token);
        let answer = self
            .call(Method::POST, &url, request, &[("oauth_verifier", verifier)])
            .await?;
        pair(&answer)
    }

    /// Who the person is, and the tokens in the shape of the other providers.
    pub async fn profile(&self, access: &TokenPair) -> Result<(Profile, Tokens), ProviderError> {
        let site = self.client.site();
        let url = format!(
            "{}?include_email=true&include_entities=false&skip_status=true",
            site.url(HOST, PROFILE)
        );
        let answer = self.call(Method::GET, &url, access, &[]).await?;
        let lookups = [serde_json::from_slice::<Value>(&answer).unwrap_or_default()];
        let answers = Answers {
            token: &Value::Null,
            lookups: &lookups,
        };
        let profile = read(&site, &answers);
        if profile.subject.is_empty() {
            return Err(ProviderError::NoSubject);
        }
        let tokens = Tokens {
            access: access.token.clone(),
            ..Tokens::default()
        };
        Ok((profile, tokens))
    }

    async fn call(
        &self,
        method: Method,
        url: &str,
        token: &TokenPair,
        extra: &[(&str, &str)],
    ) -> Result<Vec<u8>, ProviderError> {
        let url = parse(url)?;
        let site = self.client.site();
        let nonce = self.random.uuid().simple().to_string();
        let signing = Signing {
            site: &site,
            token,
            nonce: &nonce,
            timestamp: self.clock.unix(),
        };
        let request = OutgoingRequest {
            headers: vec![(
                "authorization".to_owned(),
                signing.header(method.as_str(), &url, extra),
            )],
            method,
            url,
            body: Vec::new(),
            timeout: TIMEOUT,
            max_response: LARGEST,
        };
        let response = self.client.outgoing.send(request).await?;
        if response.status != 200 {
            return Err(ProviderError::Answer {
                what: "twitter",
                status: response.status,
                error: String::new(),
            });
        }
        Ok(response.body.to_vec())
    }
}

fn pair(answer: &[u8]) -> Result<TokenPair, ProviderError> {
    let value = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(answer);
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    match (value("oauth_token"), value("oauth_token_secret")) {
        (Some(token), Some(secret)) if !token.is_empty() => Ok(TokenPair { token, secret }),
        _ => Err(ProviderError::Answer {
            what: "twitter",
            status: 200,
            error: "no token".to_owned(),
        }),
    }
}

/// Stores a request token as one text.
pub fn write_pair(pair: &TokenPair) -> String {
    let pairs = [("token", &pair.token), ("secret", &pair.secret)];
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Reads [`write_pair`]'s text.
pub fn read_pair(text: &str) -> TokenPair {
    let mut pair = TokenPair::default();
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        match &*name {
            "token" => pair.token = value.into_owned(),
            "secret" => pair.secret = value.into_owned(),
            _ => {}
        }
    }
    pair
}

/// What a signature needs besides the request.
struct Signing<'a> {
    site: &'a Site<'a>,
    token: &'a TokenPair,
    nonce: &'a str,
    timestamp: i64,
}

impl Signing<'_> {
    /// The `Authorization` header (RFC 5849 §3.5.1); `extra` are further `oauth_` parameters. Bodies are empty here.
    fn header(&self, method: &str, url: &Url, extra: &[(&str, &str)]) -> String {
        let timestamp = self.timestamp.to_string();
        let mut own: BTreeMap<&str, &str> = BTreeMap::from([
            ("oauth_consumer_key", self.site.client_id),
            ("oauth_nonce", self.nonce),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", &timestamp),
            ("oauth_version", "1.0"),
        ]);
        if !self.token.token.is_empty() {
            own.insert("oauth_token", &self.token.token);
        }
        own.extend(extra.iter().copied());
        let mut signed: Vec<(String, String)> = own
            .iter()
            .map(|(name, value)| (encode(name), encode(value)))
            .collect();
        signed.extend(
            url.query_pairs()
                .map(|(name, value)| (encode(&name), encode(&value))),
        );
        let signature = self.signature(method, url, signed);
        own.insert("oauth_signature", &signature);
        let parts: Vec<String> = own
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", encode(value)))
            .collect();
        format!("OAuth {}", parts.join(", "))
    }

    /// RFC 5849 §3.4.
    fn signature(&self, method: &str, url: &Url, mut parameters: Vec<(String, String)>) -> String {
        parameters.sort();
        let pairs: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut address = url.clone();
        address.set_query(None);
        address.set_fragment(None);
        let base = format!(
            "{method}&{}&{}",
            encode(address.as_str()),
            encode(&pairs.join("&"))
        );
        let key = format!("{}&{}", encode(self.site.secret), encode(&self.token.secret));
        // The protocol knows no other hash that Twitter takes.
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
        BASE64.encode(hmac::sign(&key, base.as_bytes()).as_ref())
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The example of RFC 5849 §1.2 (without `oauth_version`, which is optional there): a signed GET with a query.
    #[test]
    fn signatures() {
        let site = Site {
            client_id: "dpf43f3p2l4k3l03",
            secret: "kd94hf93k423kf44",
            ..Site::default()
        };
        let token = TokenPair {
            token: "nnch734d00sl2jdk".to_owned(),
            secret: "pfkkdhi9sl3r4s00".to_owned(),
        };
        let signing = Signing {
            site: &site,
            token: &token,
            nonce: "chapoH",
            timestamp: 137_131_202,
        };
        let url = Url::parse("http://photos.example.net/photos?file=vacation.jpg&size=original").unwrap();
        let parameters = [
            ("file", "vacation.jpg"),
            ("size", "original"),
            ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
            ("oauth_token", "nnch734d00sl2jdk"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131202"),
            ("oauth_nonce", "chapoH"),
        ];
        let parameters = parameters
            .map(|(name, value)| (encode(name), encode(value)))
            .to_vec();
        assert_eq!(
            signing.signature("GET", &url, parameters),
            "MdpQcU8iPSUjWoN/UDMsK2sui9I="
        );
        let header = signing.header("GET", &url, &[("oauth_callback", "http://a/?b=c")]);
        assert!(
            header.starts_with("OAuth oauth_callback=\"http%3A%2F%2Fa%2F%3Fb%3Dc\", oauth_consumer_key=")
        );
    }

    #[test]
    fn pairs_survive_storage() {
        let pair = TokenPair {
            token: "a&b=c".to_owned(),
            secret: "d e".to_owned(),
        };
        assert_eq!(read_pair(&write_pair(&pair)), pair);
    }
}
