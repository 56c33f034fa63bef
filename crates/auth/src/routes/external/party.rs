//! Who signs the person in: a provider that this program knows, or one that the project added itself.

use secrecy::ExposeSecret;

use crate::custom_providers::{self, Absence};
use crate::error::{AuthError, Result};
use crate::model::custom_provider::is_custom;
use crate::model::profile::Profile;
use crate::providers;
use crate::providers::client::{Authorization, Client, ProviderError, Tokens};
use crate::providers::custom::CustomClient;
use crate::state::State;

/// The two kinds.
pub(super) enum Party<'s> {
    /// One of [`providers`].
    Known(Client<'s>),
    /// `custom:<name>`.
    Custom(Box<CustomClient<'s>>),
}

impl<'s> Party<'s> {
    /// The provider of this name, if people can be sent there.
    pub(super) async fn find(state: &'s State, name: &str) -> Result<Self> {
        if !is_custom(name) {
            return known(state, name).map(Self::Known);
        }
        match custom_providers::find(state, name).await? {
            Ok(client) => Ok(Self::Custom(Box::new(client))),
            Err(Absence::Missing) => Err(unsupported(&format!("Provider {name} could not be found"))),
            Err(Absence::Disabled) => Err(unsupported("provider is not enabled")),
        }
    }

    /// As flows and identities name it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Known(client) => client.provider.name,
            Self::Custom(client) => &client.provider.identifier,
        }
    }

    pub(super) fn email_optional(&self) -> bool {
        match self {
            Self::Known(client) => client.settings.email_optional,
            Self::Custom(client) => client.provider.email_optional,
        }
    }

    /// Whether codes are bound to a secret of ours.
    pub(super) fn has_pkce(&self) -> bool {
        match self {
            Self::Known(client) => client.provider.pkce,
            Self::Custom(client) => client.provider.pkce_enabled,
        }
    }

    /// Whether an answer that says whose it is (RFC 9207) is this provider's. One without an issuer cannot tell.
    pub(super) fn is_sender(&self, issuer: &str) -> bool {
        match self {
            Self::Known(client) => match client.provider.id_token.as_ref() {
                Some(rules) => (rules.issuer)(client.settings.url.as_deref(), issuer).is_some(),
                None => true,
            },
            Self::Custom(client) => match providers::custom::issuer(&client.provider) {
                Some(own) => own.id == issuer,
                None => true,
            },
        }
    }

    pub(super) async fn authorization_url(&self, asked: &Authorization<'_>) -> Result<String, ProviderError> {
        match self {
            Self::Known(client) => client.authorization_url(asked),
            Self::Custom(client) => client.authorization_url(asked).await,
        }
    }

    pub(super) async fn exchange(&self, code: &str, verifier: Option<&str>) -> Result<Tokens, ProviderError> {
        match self {
            Self::Known(client) => client.exchange(code, verifier).await,
            Self::Custom(client) => client.exchange(code, verifier).await,
        }
    }

    pub(super) async fn profile(&self, state: &State, tokens: &Tokens) -> Result<Profile, ProviderError> {
        match self {
            Self::Known(client) => client.profile(&state.issuers, tokens).await,
            Self::Custom(client) => client.profile(tokens).await,
        }
    }
}

fn unsupported(why: &str) -> AuthError {
    AuthError::validation(format!("Unsupported provider: {why}"))
}

fn known<'s>(state: &'s State, name: &str) -> Result<Client<'s>> {
    let Some(provider) = providers::find(name) else {
        return Err(unsupported(&format!("Provider {name} could not be found")));
    };
    let Some(settings) = state.config.external.providers.get(name) else {
        return Err(unsupported("provider is not enabled"));
    };
    if settings.client_ids.is_empty() {
        return Err(unsupported("missing OAuth client ID"));
    }
    if settings.secret.expose_secret().is_empty() {
        return Err(unsupported("missing OAuth secret"));
    }
    if provider.authorize.host.is_empty() && settings.url.is_none() {
        return Err(unsupported(&format!("missing URL of the provider {name}")));
    }
    Ok(Client {
        provider,
        settings,
        outgoing: &state.outgoing,
    })
}
