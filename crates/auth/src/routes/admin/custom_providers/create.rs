//! `POST /admin/custom-providers` (auth.md 17.4).

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use ferrobase_db::Executor;

use super::check_enabled;
use crate::caller::Admin;
use crate::custom_providers::{check_urls, discover};
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::custom_provider::{Changes, CustomProvider};
use crate::request::Body;
use crate::state::State;
use crate::store::custom_providers;

/// Checked as it is written, then with its own server, which is asked without a connection to the database.
pub(in crate::routes) async fn create(
    Shared(state): Shared<State>,
    _: Admin,
    body: Result<Body<Changes>>,
) -> Result<(StatusCode, Json<CustomProvider>)> {
    check_enabled(&state)?;
    let Body(mut changes) = body?;
    let kind = changes.kind()?;
    changes.check_complete(kind)?;
    changes.check()?;
    let identifier = changes.identifier.clone().unwrap_or_default();
    let mut provider = CustomProvider::new(state.random.uuid(), kind, &identifier, state.now());
    let secret = changes.client_secret.take().unwrap_or_default();
    provider.client_secret = state.vault.seal(provider.id, &secret)?.into();
    changes.apply(&mut provider);
    // No server is asked for one that cannot be added.
    check_room(&state, &state.pool, &identifier).await?;
    check_urls(&state, &provider).await?;
    discover(&state, &mut provider).await?;

    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    custom_providers::lock_all(&tx).await?;
    check_room(&state, &tx, &identifier).await?;
    custom_providers::insert(&tx, &provider).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(provider)))
}

/// The name is free, and the quota not used up.
async fn check_room(state: &State, db: &impl Executor, identifier: &str) -> Result<()> {
    let custom = &state.config.custom_providers;
    let (count, is_taken) = custom_providers::count(db, identifier).await?;
    if is_taken || custom.providers.contains_key(identifier) {
        return Err(AuthError::bad_request(
            ErrorCode::Conflict,
            "A custom provider with this identifier already exists",
        ));
    }
    if custom.max_providers > 0 && count >= i64::from(custom.max_providers) {
        return Err(AuthError::bad_request(
            ErrorCode::OverCustomProviderQuota,
            format!(
                "Maximum number of custom providers ({}) reached",
                custom.max_providers
            ),
        ));
    }
    Ok(())
}
