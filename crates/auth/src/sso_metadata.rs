//! Metadata of identity providers from their own servers (auth.md section 14).

use std::time::Duration;

use axum::http::Method;
use ferrobase_http::OutgoingRequest;
use url::Url;

use crate::error::{AuthError, ErrorCode, Result};
use crate::model::sso::SsoProvider;
use crate::saml::metadata::{self, IdentityProvider};
use crate::state::State;
use crate::store::sso_providers;

/// Longest time for a fetch; a browser waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Fetches metadata. The address came through the API, so that the guarded client goes there.
pub async fn fetch(state: &State, url: &Url) -> Result<String> {
    let request = OutgoingRequest {
        method: Method::GET,
        url: url.clone(),
        headers: vec![("accept".to_owned(), "application/xml".to_owned())],
        body: Vec::new(),
        timeout: PATIENCE,
        max_response: metadata::LONGEST,
    };
    let failed = || {
        AuthError::bad_request(
            ErrorCode::SamlMetadataFetchFailed,
            "Error fetching SAML Metadata from URL",
        )
    };
    let answer = state.guarded.send(request).await.map_err(|error| {
        tracing::warn!(%error, "SAML metadata cannot be fetched");
        failed()
    })?;
    if answer.status != 200 {
        tracing::warn!(status = answer.status, "SAML metadata cannot be fetched");
        return Err(failed());
    }
    String::from_utf8(answer.body.to_vec()).map_err(|_| {
        AuthError::validation(
            "SAML Metadata XML contains invalid UTF-8 characters, which are not supported at this time",
        )
    })
}

/// What is known about an identity provider, fetched anew when it is stale. A server that does not answer changes nothing:
/// the keys that we have are still the provider's.
pub async fn current(state: &State, provider: &mut SsoProvider) -> Result<IdentityProvider> {
    let known = IdentityProvider::parse(&provider.saml.metadata_xml).map_err(AuthError::internal)?;
    let now = state.now();
    let url = provider
        .saml
        .metadata_url
        .clone()
        .filter(|_| known.is_stale(provider.saml.updated_at, now))
        .filter(|_| state.saml_refreshes.begin(provider.id, now));
    let Some(url) = url else { return Ok(known) };
    let fetched = match Url::parse(&url) {
        Ok(parsed) => fetch(state, &parsed).await,
        Err(error) => Err(AuthError::internal(error)),
    };
    let xml = match fetched {
        Ok(xml) => xml,
        Err(error) => {
            tracing::warn!(%error, provider = %provider.id, "SAML metadata could not be renewed");
            return Ok(known);
        }
    };
    match IdentityProvider::parse(&xml) {
        Ok(renewed) if renewed.entity_id == known.entity_id => {
            sso_providers::refresh_metadata(&state.pool, provider.id, &url, &xml, now).await?;
            provider.saml.metadata_xml = xml;
            Ok(renewed)
        }
        Ok(_) => {
            tracing::warn!(provider = %provider.id, "the SAML metadata is another identity provider's now");
            Ok(known)
        }
        Err(error) => {
            tracing::warn!(%error, provider = %provider.id, "the SAML metadata cannot be used any more");
            Ok(known)
        }
    }
}
