//! Providers that a project adds itself (auth.md 17.4), from the database or from the settings: one code for both. What
//! differs is the way out: administrators name addresses through the API, so theirs must be public.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ferrobase_http::Outgoing;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::client::{
    Authorization, Exchange, ProviderError, Tokens, get_json, parse, passed_on, refusal, with_subject,
};
use super::oidc::{Document, IdTokenError, Issuers};
use super::{ClientAuth, Issuer};
use crate::model::custom_provider::{CustomProvider, Kind};
use crate::model::profile::Profile;

mod claims;

/// A custom provider as the project has set it up.
pub struct CustomClient<'a> {
    /// The provider.
    pub provider: Cow<'a, CustomProvider>,
    /// Our secret there.
    pub secret: SecretString,
    /// Where it sends the browser back to.
    pub redirect_uri: &'a str,
    /// The way out.
    pub outgoing: &'a Outgoing,
    /// Keys and documents of issuers, had by the same way.
    pub issuers: &'a Issuers,
}

/// Where its endpoints are.
struct Endpoints {
    authorization: String,
    token: String,
    user_info: String,
    /// How to prove ourselves; unknown when nothing says it.
    client_auth: Option<ClientAuth>,
}

/// The issuer of an OpenID provider; `None` for the others.
pub fn issuer(provider: &CustomProvider) -> Option<Issuer> {
    if provider.provider_type != Kind::Oidc {
        return None;
    }
    let id = provider.issuer.clone()?;
    Some(Issuer {
        document: id.clone(),
        discovery: provider.discovery_document_url()?,
        id,
    })
}

impl CustomClient<'_> {
    /// Where to send the browser (RFC 6749 §4.1.1). Scopes that a request names, separated by spaces, take the place of
    /// the provider's.
    pub async fn authorization_url(&self, asked: &Authorization<'_>) -> Result<String, ProviderError> {
        let endpoints = self.endpoints().await?;
        let mut parameters: BTreeMap<&str, String> = BTreeMap::new();
        let scope = self.scope(asked.scopes);
        if !scope.is_empty() {
            parameters.insert("scope", scope);
        }
        for (name, value) in passed_on(asked.query) {
            parameters.insert(name, value.to_owned());
        }
        for (name, value) in &self.provider.authorization_params {
            parameters.insert(name, value.as_str().unwrap_or_default().to_owned());
        }
        parameters.insert("client_id", self.provider.client_id.clone());
        parameters.insert("redirect_uri", self.redirect_uri.to_owned());
        parameters.insert("response_type", "code".to_owned());
        parameters.insert("state", asked.state.to_owned());
        if let Some(challenge) = asked.challenge {
            parameters.insert("code_challenge", challenge.to_owned());
            parameters.insert("code_challenge_method", "S256".to_owned());
        }
        let mut url = parse(&endpoints.authorization)?;
        url.query_pairs_mut().extend_pairs(&parameters);
        Ok(url.into())
    }

    fn scope(&self, asked: &str) -> String {
        let mut scopes: Vec<&str> = asked.split_whitespace().collect();
        if scopes.is_empty() {
            scopes = self.provider.scopes.iter().map(String::as_str).collect();
        }
        if self.provider.provider_type == Kind::Oidc && !scopes.contains(&"openid") {
            scopes.insert(0, "openid");
        }
        scopes.join(" ")
    }

    /// Exchanges a code. A provider that does not say how we prove ourselves is asked in both ways, the better one first:
    /// who does not know a client does not use its code up.
    pub async fn exchange(&self, code: &str, verifier: Option<&str>) -> Result<Tokens, ProviderError> {
        let endpoints = self.endpoints().await?;
        let exchange = Exchange {
            url: &endpoints.token,
            client_id: &self.provider.client_id,
            secret: self.secret.expose_secret(),
            redirect_uri: self.redirect_uri,
            code,
            verifier,
        };
        if let Some(known) = endpoints.client_auth {
            return exchange.send(self.outgoing, known).await;
        }
        match exchange.send(self.outgoing, ClientAuth::Basic).await {
            Err(ProviderError::Answer { .. }) => exchange.send(self.outgoing, ClientAuth::Form).await,
            other => other,
        }
    }

    /// Who the person is: the ID token says it, else the user-info endpoint.
    pub async fn profile(&self, tokens: &Tokens) -> Result<Profile, ProviderError> {
        let endpoints = self.endpoints().await?;
        let Some(issuer) = issuer(&self.provider) else {
            let claims = self.user_info(&endpoints, tokens).await?;
            self.check_companion(tokens, &claims).await?;
            return with_subject(claims::read(&self.provider, &claims));
        };
        let Some(token) = &tokens.id_token else {
            let claims = self.user_info(&endpoints, tokens).await?;
            return with_subject(claims::read(&self.provider, &claims));
        };
        let verified = self
            .issuers
            .verify(&issuer, &self.provider.audiences(), token, Some(&tokens.access))
            .await?;
        let profile = with_subject(claims::read(&self.provider, verified.all()))?;
        if !profile.emails.is_empty() || self.provider.email_optional || endpoints.user_info.is_empty() {
            return Ok(profile);
        }
        // Many providers keep the address out of the token. Who answers must be the same person (OpenID Connect Core §5.3.2).
        let more = self.user_info(&endpoints, tokens).await?;
        if more.get("sub").and_then(Value::as_str) != verified.sub() {
            return Err(IdTokenError::Claim("sub").into());
        }
        let mut claims = verified.all().clone();
        // An address and what is said about it belong together.
        claims.remove("email_verified");
        for (name, value) in more {
            claims.entry(name).or_insert(value);
        }
        with_subject(claims::read(&self.provider, &claims))
    }

    /// The person of an ID token that an app shows.
    pub fn person(&self, claims: &Map<String, Value>) -> Profile {
        claims::read(&self.provider, claims)
    }

    /// An OAuth provider whose keys are known, and that sends an ID token along, must mean the same person with it.
    async fn check_companion(
        &self,
        tokens: &Tokens,
        person: &Map<String, Value>,
    ) -> Result<(), ProviderError> {
        let (Some(jwks_uri), Some(token)) = (&self.provider.jwks_uri, &tokens.id_token) else {
            return Ok(());
        };
        let audiences = self.provider.audiences();
        let verified = self.issuers.verify_by_keys(jwks_uri, &audiences, token).await?;
        let read = claims::read(&self.provider, person);
        if verified.sub() != Some(read.subject.as_str()) {
            return Err(IdTokenError::Claim("sub").into());
        }
        Ok(())
    }

    async fn user_info(
        &self,
        endpoints: &Endpoints,
        tokens: &Tokens,
    ) -> Result<Map<String, Value>, ProviderError> {
        let headers = vec![("authorization".to_owned(), format!("Bearer {}", tokens.access))];
        match get_json(self.outgoing, &endpoints.user_info, headers).await? {
            (200..=299, Some(Value::Object(claims))) => Ok(claims),
            (status, answer) => Err(refusal("the user-info endpoint", status, answer.as_ref())),
        }
    }

    async fn endpoints(&self) -> Result<Endpoints, ProviderError> {
        let provider = &self.provider;
        let Some(issuer) = issuer(provider) else {
            let text = |url: &Option<String>| url.clone().unwrap_or_default();
            return Ok(Endpoints {
                authorization: text(&provider.authorization_url),
                token: text(&provider.token_url),
                user_info: text(&provider.userinfo_url),
                client_auth: None,
            });
        };
        let document = match self.issuers.discover(&issuer).await {
            Ok(document) => document,
            // Better the document of the last check than nobody signing in.
            Err(error) => match &provider.discovery {
                Some(kept) => Document::new(kept.clone()),
                None => return Err(error.into()),
            },
        };
        let text = |name: &str| {
            let value = document.get(name).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        Ok(Endpoints {
            authorization: text("authorization_endpoint"),
            token: text("token_endpoint"),
            user_info: text("userinfo_endpoint"),
            client_auth: client_auth(&document),
        })
    }
}

/// What a discovery document says about clients with a secret.
fn client_auth(document: &Map<String, Value>) -> Option<ClientAuth> {
    let methods = document
        .get("token_endpoint_auth_methods_supported")
        .and_then(Value::as_array)?;
    let has = |name: &str| methods.iter().any(|method| method == name);
    if has("client_secret_basic") {
        Some(ClientAuth::Basic)
    } else if has("client_secret_post") {
        Some(ClientAuth::Form)
    } else {
        None
    }
}

/// What of a discovery document is kept: what is used, and what describes the provider to administrators.
pub fn kept(document: &Map<String, Value>) -> Map<String, Value> {
    const NAMES: [&str; 12] = [
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
        "revocation_endpoint",
        "scopes_supported",
        "response_types_supported",
        "grant_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
        "token_endpoint_auth_methods_supported",
    ];
    let of = |name: &str| Some((name.to_owned(), document.get(name)?.clone()));
    NAMES.into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    #[test]
    fn the_better_way_to_prove_oneself_is_chosen() {
        let of =
            |methods: Value| client_auth(&object(json!({"token_endpoint_auth_methods_supported": methods})));
        assert_eq!(client_auth(&Map::new()), None);
        assert_eq!(
            of(json!(["client_secret_post", "client_secret_basic"])),
            Some(ClientAuth::Basic)
        );
        assert_eq!(of(json!(["client_secret_post"])), Some(ClientAuth::Form));
        assert_eq!(of(json!(["private_key_jwt"])), None);
    }

    #[test]
    fn of_a_discovery_document_only_the_known_is_kept() {
        let document = object(json!({"issuer": "i", "token_endpoint": "t", "x_large": [1, 2]}));
        assert_eq!(
            Value::Object(kept(&document)),
            json!({"issuer": "i", "token_endpoint": "t"})
        );
    }
}
