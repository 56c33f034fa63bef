//! `PUT /admin/custom-providers/{identifier}` (auth.md 17.4).

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;

use super::check_enabled;
use crate::caller::Admin;
use crate::custom_providers::{check_urls, discover, forget, missing};
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::custom_provider::{Changes, CustomProvider};
use crate::providers::custom::issuer;
use crate::request::Body;
use crate::state::State;
use crate::store::custom_providers;

/// What is named changes. Its server is asked again where its address changed, without a connection to the database;
/// whoever changed the provider meanwhile came first.
pub(in crate::routes) async fn update(
    Shared(state): Shared<State>,
    Path(identifier): Path<String>,
    _: Admin,
    body: Result<Body<Changes>>,
) -> Result<Json<CustomProvider>> {
    check_enabled(&state)?;
    let Body(mut changes) = body?;
    let old = custom_providers::find(&state.pool, &identifier)
        .await?
        .ok_or_else(missing)?;
    check_fixed(&changes, &old)?;
    changes.check()?;
    let mut provider = old.clone();
    if let Some(secret) = changes.client_secret.take().filter(|secret| !secret.is_empty()) {
        provider.client_secret = state.vault.seal(provider.id, &secret)?.into();
    }
    changes.apply(&mut provider);
    if provider.urls() != old.urls() {
        check_urls(&state, &provider).await?;
        discover(&state, &mut provider).await?;
    }
    provider.updated_at = state.now();

    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let current = custom_providers::lock(&tx, &identifier)
        .await?
        .ok_or_else(missing)?;
    if current.id != old.id || current.updated_at != old.updated_at {
        return Err(AuthError::refused(
            StatusCode::CONFLICT,
            ErrorCode::Conflict,
            "The custom provider was changed meanwhile",
        ));
    }
    custom_providers::update(&tx, &provider).await?;
    tx.commit().await?;
    if provider.urls() != old.urls() {
        forget(&state, issuer(&old));
    }
    Ok(Json(provider))
}

/// Identities carry the identifier, and the protocol decides what the rest means.
fn check_fixed(changes: &Changes, old: &CustomProvider) -> Result<()> {
    let differs = |given: &Option<String>, is: &str| given.as_deref().is_some_and(|given| given != is);
    if differs(&changes.identifier, &old.identifier) {
        return Err(AuthError::validation("identifier cannot be changed"));
    }
    if differs(&changes.provider_type, old.provider_type.as_str()) {
        return Err(AuthError::validation("provider_type cannot be changed"));
    }
    Ok(())
}
