//! External providers (auth.md 12.5): what is particular about each, one small file per provider, without I/O.
//!
//! [`client`] talks to all of them the same way: authorization URL, code for tokens, then the lookups that a provider
//! names, whose answers its `read` turns into a [`Profile`]. [`oidc`] verifies ID tokens. Only [`twitter`] speaks an
//! older protocol and has its own steps.

use serde_json::{Map, Value};

use crate::model::profile::Profile;

mod answer;
pub mod client;
pub mod custom;
pub mod oidc;

mod apple;
mod azure;
mod bitbucket;
mod discord;
mod facebook;
mod figma;
mod fly;
mod github;
mod gitlab;
mod google;
mod kakao;
mod keycloak;
mod linkedin;
mod linkedin_oidc;
mod notion;
mod slack;
mod snapchat;
mod spotify;
mod twitch;
pub mod twitter;
mod vercel_marketplace;
mod workos;
mod x;
mod zoom;

pub use apple::add_name as apple_name;

/// Everything that distinguishes one provider from another.
pub struct Provider {
    /// As it is named in settings, requests and the database.
    pub name: &'static str,
    /// Scopes that are always asked for.
    pub scopes: &'static [&'static str],
    /// Where the browser is sent.
    pub authorize: Place,
    /// Where codes become tokens.
    pub token: Place,
    /// Fixed parameters of the authorization URL.
    pub parameters: &'static [(&'static str, &'static str)],
    /// It knows PKCE (RFC 7636). The others would ignore or refuse the parameters.
    pub pkce: bool,
    /// How we prove ourselves at the token endpoint.
    pub client_auth: ClientAuth,
    /// What to ask with a fresh access token.
    pub lookups: fn(&Site<'_>) -> Vec<Lookup>,
    /// Reads the answers.
    pub read: fn(&Site<'_>, &Answers<'_>) -> Profile,
    /// How its ID tokens are judged; `None` when it has none.
    pub id_token: Option<IdTokens>,
}

/// An address at the provider, unless the settings give another host.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Host, possibly with the beginning of a path. Empty = the settings must give one.
    pub host: &'static str,
    /// Rest of the path.
    pub path: &'static str,
}

/// How a client proves itself (RFC 6749 §2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// In the form.
    Form,
    /// In the `Authorization` header.
    Basic,
    /// In the `Authorization` header, and the request is JSON.
    BasicJson,
}

/// One question to a provider, asked with the access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// Where.
    pub url: String,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
}

impl Lookup {
    fn at(url: String) -> Self {
        Self {
            url,
            headers: Vec::new(),
        }
    }
}

/// A provider as this project uses it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Site<'a> {
    /// `auth.external.<name>.url`: replaces the provider's hosts.
    pub base: Option<&'a str>,
    /// Our name there.
    pub client_id: &'a str,
    /// Our secret there.
    pub secret: &'a str,
    /// The access token in hand; "" before there is one.
    pub access_token: &'a str,
}

impl Site<'_> {
    /// `path` at the provider's `host`, or at the one of the settings.
    pub fn url(&self, host: &str, path: &str) -> String {
        match self.base {
            Some(base) => format!("{}{path}", base.trim_end_matches('/')),
            None => format!("https://{host}{path}"),
        }
    }

    /// Where a place is.
    pub fn place(&self, place: Place) -> String {
        self.url(place.host, place.path)
    }
}

/// What a provider answered.
#[derive(Debug, Clone, Copy)]
pub struct Answers<'a> {
    /// The token endpoint.
    pub token: &'a Value,
    /// The lookups, in their order.
    pub lookups: &'a [Value],
}

/// How ID tokens of a provider are judged.
pub struct IdTokens {
    /// The issuer to verify against, given the issuer that the token claims; `None` refuses it.
    pub issuer: fn(base: Option<&str>, claimed: &str) -> Option<Issuer>,
    /// Reads verified claims, given the `url` of the settings.
    pub read: fn(base: Option<&str>, claims: &Map<String, Value>) -> Profile,
    /// The code flow takes the person from the ID token, if there is one.
    pub in_code_flow: bool,
    /// Its apps send no nonce that could be compared.
    pub ignores_nonce: bool,
}

/// Whose signature to expect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// `iss`, exactly.
    pub id: String,
    /// What its discovery document calls itself; the same as `id` but for one provider.
    pub document: String,
    /// URL of the discovery document.
    pub discovery: String,
}

impl Issuer {
    /// An issuer that keeps to OpenID Connect Discovery.
    pub fn plain(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            document: id.to_owned(),
            discovery: below(id),
        }
    }

    /// The one issuer of a provider: `known`, or the host of the settings.
    fn fixed(base: Option<&str>, known: &str, claimed: &str) -> Option<Self> {
        let expected = base.map_or(known, |base| base.trim_end_matches('/'));
        (expected == claimed).then(|| Self::plain(expected))
    }
}

/// The discovery document below an address.
fn below(address: &str) -> String {
    format!(
        "{}/.well-known/openid-configuration",
        address.trim_end_matches('/')
    )
}

/// What most providers are; the files change what differs.
const ORDINARY: Provider = Provider {
    name: "",
    scopes: &[],
    authorize: Place { host: "", path: "" },
    token: Place { host: "", path: "" },
    parameters: &[],
    pkce: false,
    client_auth: ClientAuth::Form,
    lookups: |_| Vec::new(),
    read: |_, _| Profile::new("", ""),
    id_token: None,
};

/// Every provider, sorted by name.
static ALL: [&Provider; 25] = [
    &apple::APPLE,
    &azure::AZURE,
    &bitbucket::BITBUCKET,
    &discord::DISCORD,
    &facebook::FACEBOOK,
    &figma::FIGMA,
    &fly::FLY,
    &github::GITHUB,
    &gitlab::GITLAB,
    &google::GOOGLE,
    &kakao::KAKAO,
    &keycloak::KEYCLOAK,
    &linkedin::LINKEDIN,
    &linkedin_oidc::LINKEDIN_OIDC,
    &notion::NOTION,
    &slack::SLACK,
    &slack::SLACK_OIDC,
    &snapchat::SNAPCHAT,
    &spotify::SPOTIFY,
    &twitch::TWITCH,
    &twitter::TWITTER,
    &vercel_marketplace::VERCEL_MARKETPLACE,
    &workos::WORKOS,
    &x::X,
    &zoom::ZOOM,
];

/// The provider of this name.
pub fn find(name: &str) -> Option<&'static Provider> {
    ALL.iter().copied().find(|provider| provider.name == name)
}

/// The names of all providers, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|provider| provider.name)
}

/// The provider whose ID tokens an issuer writes, apart from those whose issuer the settings give.
pub fn of_issuer(issuer: &str) -> Option<&'static Provider> {
    ALL.iter().copied().find(|provider| {
        let rules = provider.id_token.as_ref();
        rules.is_some_and(|rules| (rules.issuer)(None, issuer).is_some())
    })
}

#[cfg(test)]
mod tests;
