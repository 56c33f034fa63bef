//! Custom providers ready for use (auth.md 17.4): looked up among the settings and in the database, with their secret open
//! and the way out that is right for where they come from.

use std::borrow::Cow;

use ferrobase_http::OutgoingError;
use secrecy::ExposeSecret;
use url::Url;

use crate::error::{AuthError, ErrorCode, Result};
use crate::model::custom_provider::{CustomProvider, check_public_url};
use crate::providers::Issuer;
use crate::providers::custom::{CustomClient, issuer, kept};
use crate::providers::oidc::IdTokenError;
use crate::state::State;
use crate::store::custom_providers;

/// Why a provider cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// There is none, or the project does without custom providers.
    Missing,
    /// An administrator switched it off.
    Disabled,
}

/// The provider of this identifier. The outer error is the database's.
pub async fn find<'s>(
    state: &'s State,
    identifier: &str,
) -> Result<std::result::Result<CustomClient<'s>, Absence>> {
    let custom = &state.config.custom_providers;
    if !custom.enabled {
        return Ok(Err(Absence::Missing));
    }
    if let Some(provider) = custom.providers.get(identifier) {
        return Ok(configured(state, provider));
    }
    let found = custom_providers::find(&state.pool.reads(), identifier).await?;
    let Some(provider) = found else {
        return Ok(Err(Absence::Missing));
    };
    if !provider.enabled {
        return Ok(Err(Absence::Disabled));
    }
    stored(state, provider).map(Ok)
}

/// The OpenID provider whose tokens for `client_id` this issuer writes.
pub async fn of_issuer<'s>(
    state: &'s State,
    issuer: &str,
    client_id: &str,
) -> Result<Option<CustomClient<'s>>> {
    let custom = &state.config.custom_providers;
    if !custom.enabled {
        return Ok(None);
    }
    let fits = |provider: &&CustomProvider| {
        provider.enabled
            && provider.issuer.as_deref() == Some(issuer)
            && provider.audiences().iter().any(|audience| audience == client_id)
    };
    if let Some(provider) = custom.providers.values().find(fits) {
        return Ok(configured(state, provider).ok());
    }
    let found = custom_providers::of_issuer(&state.pool.reads(), issuer, client_id).await?;
    found.map(|provider| stored(state, provider)).transpose()
}

/// One of the settings: the operator's own word, so it may be anywhere.
fn configured<'s>(
    state: &'s State,
    provider: &'s CustomProvider,
) -> std::result::Result<CustomClient<'s>, Absence> {
    if !provider.enabled {
        return Err(Absence::Disabled);
    }
    Ok(CustomClient {
        secret: provider.client_secret.clone(),
        provider: Cow::Borrowed(provider),
        redirect_uri: &state.config.custom_providers.redirect_uri,
        outgoing: &state.outgoing,
        issuers: &state.issuers,
    })
}

/// One of the database: its addresses came through the API.
fn stored(state: &State, provider: CustomProvider) -> Result<CustomClient<'_>> {
    Ok(CustomClient {
        secret: state
            .vault
            .open(provider.id, provider.client_secret.expose_secret())?
            .into(),
        provider: Cow::Owned(provider),
        redirect_uri: &state.config.custom_providers.redirect_uri,
        outgoing: &state.guarded,
        issuers: &state.guarded_issuers,
    })
}

/// Refuses a provider that this server would not be allowed to ask.
pub async fn check_urls(state: &State, provider: &CustomProvider) -> Result<()> {
    for (_, url) in provider.urls() {
        check_url(state, url).await?;
    }
    Ok(())
}

async fn check_url(state: &State, text: &str) -> Result<()> {
    let url = match check_public_url(text) {
        Ok(url) => url,
        // Where private addresses are allowed, this machine is one of them; https is still needed.
        Err(_) if state.config.allow_private_addresses && text.starts_with("https://") => {
            Url::parse(text).map_err(|_| AuthError::validation("Invalid URL format"))?
        }
        Err(message) => return Err(AuthError::validation(message)),
    };
    state.guarded.resolve(&url).await.map_err(|error| {
        AuthError::validation(match error {
            OutgoingError::Refused(_) => "URL cannot resolve to private network addresses",
            _ => "Unable to resolve hostname",
        })
    })
}

/// Asks an OpenID provider for its discovery document, anew, and keeps it.
pub async fn discover(state: &State, provider: &mut CustomProvider) -> Result<()> {
    let Some(issuer) = issuer(provider) else {
        return Ok(());
    };
    state.guarded_issuers.forget(&issuer);
    let document = state.guarded_issuers.discover(&issuer).await.map_err(|error| {
        tracing::warn!(%error, provider = provider.identifier, "a discovery document was not accepted");
        AuthError::validation(format!(
            "OIDC discovery from {:?} failed: {}",
            issuer.discovery,
            reason(&error)
        ))
    })?;
    let missing: Vec<&str> = ["authorization_endpoint", "token_endpoint", "jwks_uri"]
        .into_iter()
        .filter(|name| {
            let value = document.get(*name).and_then(serde_json::Value::as_str);
            value.unwrap_or_default().is_empty()
        })
        .collect();
    if !missing.is_empty() {
        return Err(AuthError::validation(format!(
            "OIDC discovery document is missing required fields: {}",
            missing.join(", ")
        )));
    }
    provider.discovery = Some(kept(&document));
    provider.discovered_at = Some(state.now());
    Ok(())
}

/// What an administrator may know of it. What another server said is not repeated.
fn reason(error: &IdTokenError) -> &'static str {
    match error {
        IdTokenError::Unreachable(OutgoingError::Timeout) => "the request timed out",
        IdTokenError::Unreachable(OutgoingError::Refused(_)) => "the address is not a public one",
        IdTokenError::Unreachable(OutgoingError::TooLarge) => "the answer is too large",
        IdTokenError::Unreachable(OutgoingError::Transport(_)) => "the server cannot be reached",
        IdTokenError::Documents(why) => why,
        _ => "the answer is not understood",
    }
}

/// Forgets what is remembered of a provider that has changed or is gone.
pub fn forget(state: &State, old: Option<Issuer>) {
    if let Some(old) = old {
        state.guarded_issuers.forget(&old);
    }
}

/// Nobody knows this provider.
pub fn missing() -> AuthError {
    AuthError::not_found(
        ErrorCode::CustomProviderNotFound,
        "Custom OAuth provider not found",
    )
}
