//! `POST /admin/sso/providers`: connects an identity provider (auth.md section 14).

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;

use super::input::Input;
use super::{not_found, taken};
use crate::caller::Admin;
use crate::error::{AuthError, Result};
use crate::model::sso::{SamlProvider, SsoProvider};
use crate::request::Body;
use crate::state::State;
use crate::store::sso_providers;

pub(in crate::routes::admin) async fn create(
    Shared(state): Shared<State>,
    _: Admin,
    body: Result<Body<Input>>,
) -> Result<(StatusCode, Json<SsoProvider>)> {
    let Body(input) = body?;
    if input.kind.as_deref() != Some("saml") {
        return Err(AuthError::validation(
            "Only 'saml' supported for SSO provider type",
        ));
    }
    input.check()?;
    let metadata = input
        .metadata(&state)
        .await?
        .ok_or_else(|| AuthError::validation("Either metadata_xml or metadata_url must be set"))?;
    let now = state.now();
    let domains = input.named_domains(&state);
    let provider = SsoProvider {
        id: state.random.uuid(),
        resource_id: input.resource_id.filter(|id| !id.is_empty()),
        disabled: input.disabled,
        saml: SamlProvider {
            entity_id: metadata.entity_id,
            metadata_xml: metadata.xml,
            metadata_url: metadata.url,
            attribute_mapping: input.attribute_mapping,
            name_id_format: input.name_id_format.filter(|format| !format.is_empty()),
            updated_at: now,
        },
        domains: Vec::new(),
        created_at: Some(now),
        updated_at: Some(now),
    };
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let taken = |error| taken(error, &provider.saml.entity_id);
    sso_providers::insert(&tx, state.random.uuid(), &provider)
        .await
        .map_err(taken)?;
    sso_providers::insert_domains(&tx, provider.id, &domains, now)
        .await
        .map_err(taken)?;
    let stored = sso_providers::find(&tx, provider.id)
        .await?
        .ok_or_else(not_found)?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(stored)))
}
