//! Providers that a project adds itself (auth.md 17.4): what can be said about one, and what is refused. No I/O.

use std::sync::LazyLock;

use regex::Regex;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Map, Value};
use url::{Host, Url};
use uuid::Uuid;

use super::user::Time;

mod changes;

pub use changes::Changes;

/// What every identifier begins with.
pub const PREFIX: &str = "custom:";

/// Which protocol a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// OAuth 2.0: all addresses are given, the person comes from the user-info endpoint.
    OAuth2,
    /// OpenID Connect: the issuer is given, everything else is discovered.
    Oidc,
}

impl Kind {
    /// Reads `oauth2` or `oidc`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "oauth2" => Some(Self::OAuth2),
            "oidc" => Some(Self::Oidc),
            _ => None,
        }
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OAuth2 => "oauth2",
            Self::Oidc => "oidc",
        }
    }
}

/// A provider as it is stored, or as the settings name it (then without id and times of its own).
#[derive(Debug, Clone, Serialize)]
pub struct CustomProvider {
    /// Row.
    pub id: Uuid,
    /// Protocol.
    pub provider_type: Kind,
    /// `custom:<name>`, as it is named in requests and on identities.
    pub identifier: String,
    /// For people.
    pub name: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there, as stored (possibly sealed); plain in the settings. Never shown.
    #[serde(skip)]
    pub client_secret: SecretString,
    /// Further audiences of its ID tokens.
    pub acceptable_client_ids: Vec<String>,
    /// Asked for unless a request names others.
    pub scopes: Vec<String>,
    /// PKCE towards the provider.
    pub pkce_enabled: bool,
    /// Claim → the provider's claim (a text, dots lead into objects) or a fixed value (anything else).
    pub attribute_mapping: Map<String, Value>,
    /// The provider's claims that are kept in `custom_claims` as they are.
    pub custom_claims_allowlist: Vec<String>,
    /// Fixed parameters of the authorization URL.
    pub authorization_params: Map<String, Value>,
    /// People may sign in with it.
    pub enabled: bool,
    /// People without an e-mail may sign in.
    pub email_optional: bool,
    /// OpenID Connect: `iss`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// OpenID Connect: where the discovery document is, if not below the issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discovery_url: Option<String>,
    /// ID tokens that an app shows are accepted whatever their nonce.
    pub skip_nonce_check: bool,
    /// OAuth 2.0: where the browser is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_url: Option<String>,
    /// OAuth 2.0: where codes become tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    /// OAuth 2.0: who the person is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_url: Option<String>,
    /// OAuth 2.0: keys of an ID token that comes along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// The discovery document of the last check.
    #[serde(rename = "discovery_document", skip_serializing_if = "Option::is_none")]
    pub discovery: Option<Map<String, Value>>,
    /// When that was.
    #[serde(skip)]
    pub discovered_at: Option<Time>,
    /// Made.
    pub created_at: Time,
    /// Last change.
    pub updated_at: Time,
}

impl CustomProvider {
    /// A provider with the defaults of everything that may be left out.
    pub fn new(id: Uuid, provider_type: Kind, identifier: &str, now: Time) -> Self {
        Self {
            id,
            provider_type,
            identifier: identifier.to_owned(),
            name: String::new(),
            client_id: String::new(),
            client_secret: SecretString::default(),
            acceptable_client_ids: Vec::new(),
            scopes: Vec::new(),
            pkce_enabled: true,
            attribute_mapping: Map::new(),
            custom_claims_allowlist: Vec::new(),
            authorization_params: Map::new(),
            enabled: true,
            email_optional: false,
            issuer: None,
            discovery_url: None,
            skip_nonce_check: false,
            authorization_url: None,
            token_url: None,
            userinfo_url: None,
            jwks_uri: None,
            discovery: None,
            discovered_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// The audiences of its ID tokens that are ours.
    pub fn audiences(&self) -> Vec<String> {
        let mut all = vec![self.client_id.clone()];
        all.extend(self.acceptable_client_ids.iter().cloned());
        all
    }

    /// Where its discovery document is; `None` when there is none to have.
    pub fn discovery_document_url(&self) -> Option<String> {
        let issuer = self.issuer.as_deref()?;
        let below = || {
            format!(
                "{}/.well-known/openid-configuration",
                issuer.trim_end_matches('/')
            )
        };
        Some(self.discovery_url.clone().unwrap_or_else(below))
    }

    /// The addresses that belong to its protocol, with their names.
    pub fn urls(&self) -> Vec<(&'static str, &str)> {
        let given: &[(&'static str, &Option<String>)] = match self.provider_type {
            Kind::Oidc => &[("issuer", &self.issuer), ("discovery_url", &self.discovery_url)],
            Kind::OAuth2 => &[
                ("authorization_url", &self.authorization_url),
                ("token_url", &self.token_url),
                ("userinfo_url", &self.userinfo_url),
                ("jwks_uri", &self.jwks_uri),
            ],
        };
        given
            .iter()
            .filter_map(|(name, url)| Some((*name, url.as_deref()?)))
            .collect()
    }
}

/// Whether a provider's name is that of a custom one.
pub fn is_custom(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Checks an identifier; the error is its message.
pub fn check_identifier(identifier: &str) -> Result<(), String> {
    #[allow(clippy::expect_used, reason = "a literal pattern, compiled in every test run")]
    static FORM: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("^[a-z0-9][a-z0-9:-]{0,48}[a-z0-9]$").expect("a valid pattern"));
    check_prefix(identifier)?;
    if FORM.is_match(identifier) {
        return Ok(());
    }
    Err("identifier must be 2 to 50 lowercase letters, digits, hyphens or colons, and end with a letter or digit".to_owned())
}

/// Checks that an identifier names a custom provider; the error is its message.
pub fn check_prefix(identifier: &str) -> Result<(), String> {
    if is_custom(identifier) {
        return Ok(());
    }
    let shown: String = identifier.chars().take(50).collect();
    Err(format!(
        "identifier must start with 'custom:' prefix, e.g. 'custom:{shown}'"
    ))
}

/// An address that came through the API: https, without credentials, and not this machine by name or number. Names are
/// looked up elsewhere. The error is its message.
pub fn check_public_url(text: &str) -> Result<Url, &'static str> {
    const LOCAL: &str = "URL cannot point to localhost or loopback addresses";
    // Longest address; a bound of ours.
    const LONGEST: usize = 2048;
    let url = Url::parse(text)
        .ok()
        .filter(|_| text.len() <= LONGEST)
        .ok_or("Invalid URL format")?;
    if url.scheme() != "https" {
        return Err("URL must use HTTPS");
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("URL must not have credentials or a fragment");
    }
    match url.host() {
        None => Err("URL must have a valid hostname"),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            if name == "localhost" || name.ends_with(".localhost") {
                return Err(LOCAL);
            }
            Ok(url)
        }
        Some(Host::Ipv4(ip)) if ip.is_loopback() || ip.is_unspecified() => Err(LOCAL),
        Some(Host::Ipv6(ip)) if ip.is_loopback() || ip.is_unspecified() => Err(LOCAL),
        Some(_) => Ok(url),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        for good in ["custom:a", "custom:my-idp", "custom:a:b2"] {
            assert_eq!(check_identifier(good), Ok(()), "{good}");
        }
        let long = format!("custom:{}", "a".repeat(44));
        for bad in [
            "",
            "acme",
            "custom:",
            "custom:-",
            "custom:a-",
            "custom:A",
            "custom:a b",
            "custom:a\n",
            &long,
        ] {
            assert!(check_identifier(bad).is_err(), "{bad}");
        }
        assert_eq!(
            check_identifier("acme").unwrap_err(),
            "identifier must start with 'custom:' prefix, e.g. 'custom:acme'"
        );
    }

    #[test]
    fn addresses_through_the_api_are_public_ones() {
        for good in [
            "https://idp.example",
            "https://idp.example:8443/a?b=c",
            "https://8.8.8.8/",
        ] {
            assert!(check_public_url(good).is_ok(), "{good}");
        }
        let long = format!("https://idp.example/{}", "a".repeat(2048));
        for (bad, expected) in [
            ("idp.example", "Invalid"),
            ("https://", "Invalid"),
            (&long, "Invalid"),
            ("http://idp.example", "HTTPS"),
            ("ftp://idp.example", "HTTPS"),
            ("javascript:alert(1)", "HTTPS"),
            ("https://user@idp.example", "credentials"),
            ("https://:secret@idp.example", "credentials"),
            ("https://idp.example/#x", "fragment"),
            ("https://localhost", "localhost"),
            ("https://LOCALHOST.", "localhost"),
            ("https://a.localhost:1", "localhost"),
            ("https://127.1", "loopback"),
            ("https://2130706433/", "loopback"),
            ("https://0x7f.0.0.1/", "loopback"),
            ("https://0.0.0.0", "loopback"),
            ("https://[::1]/", "loopback"),
            ("https://[::]/", "loopback"),
        ] {
            let message = check_public_url(bad).unwrap_err();
            assert!(message.contains(expected), "{bad}: {message}");
        }
    }

    #[test]
    fn the_discovery_document_is_below_the_issuer_or_where_it_is_said_to_be() {
        let mut provider = CustomProvider::new(Uuid::nil(), Kind::Oidc, "custom:a", Time::default());
        assert_eq!(provider.discovery_document_url(), None);
        provider.issuer = Some("https://idp/".to_owned());
        assert_eq!(
            provider.discovery_document_url().as_deref(),
            Some("https://idp/.well-known/openid-configuration")
        );
        provider.discovery_url = Some("https://other/doc".to_owned());
        assert_eq!(
            provider.discovery_document_url().as_deref(),
            Some("https://other/doc")
        );
    }
}
