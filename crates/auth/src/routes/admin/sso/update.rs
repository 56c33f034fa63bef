//! `PUT /admin/sso/providers/{id}`: what the body names is changed (auth.md section 14).

use axum::Json;
use axum::extract::{Path, State as Shared};

use super::input::{Input, Metadata};
use super::{find, not_found, taken};
use crate::caller::Admin;
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::sso::SsoProvider;
use crate::request::Body;
use crate::state::State;
use crate::store::sso_providers;

pub(in crate::routes::admin) async fn update(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    _: Admin,
    body: Result<Body<Input>>,
) -> Result<Json<SsoProvider>> {
    let id = find(&state.pool, &name).await?.id;
    let Body(input) = body?;
    input.check()?;
    let metadata = input.metadata(&state).await?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let mut provider = sso_providers::lock(&tx, id).await?.ok_or_else(not_found)?;
    let now = state.now();
    let mut domains = input.named_domains(&state);
    let is_domains_given = input.domains.is_some();
    apply(&mut provider, input, metadata)?;
    provider.saml.updated_at = now;
    let taken = |error| taken(error, &provider.saml.entity_id);
    sso_providers::save(&tx, &provider, now).await.map_err(taken)?;
    if is_domains_given {
        // Those that stay keep their beginning.
        let kept: Vec<String> = domains.iter().map(|(_, name)| name.to_lowercase()).collect();
        sso_providers::keep_domains(&tx, id, &kept).await?;
        domains.retain(|(_, name)| {
            let mut known = provider.domains.iter();
            !known.any(|known| known.domain.to_lowercase() == name.to_lowercase())
        });
        sso_providers::insert_domains(&tx, id, &domains, now)
            .await
            .map_err(taken)?;
    }
    let stored = sso_providers::find(&tx, id).await?.ok_or_else(not_found)?;
    tx.commit().await?;
    Ok(Json(stored))
}

/// An empty text takes a value away. The identity provider itself cannot become another: its users are known by its name.
fn apply(provider: &mut SsoProvider, input: Input, metadata: Option<Metadata>) -> Result<()> {
    if let Some(metadata) = metadata {
        if metadata.entity_id != provider.saml.entity_id {
            return Err(AuthError::bad_request(
                ErrorCode::SamlEntityIdMismatch,
                format!(
                    "SAML Metadata can be updated only if the EntityID matches for the provider; expected '{}' but got '{}'",
                    provider.saml.entity_id, metadata.entity_id
                ),
            ));
        }
        provider.saml.metadata_xml = metadata.xml;
        // Metadata that was given by hand would not stay if the address did.
        provider.saml.metadata_url = metadata.url;
    }
    if let Some(mapping) = input.attribute_mapping {
        provider.saml.attribute_mapping = Some(mapping);
    }
    if let Some(format) = input.name_id_format {
        provider.saml.name_id_format = Some(format).filter(|format| !format.is_empty());
    }
    if let Some(resource_id) = input.resource_id {
        provider.resource_id = Some(resource_id).filter(|id| !id.is_empty());
    }
    if let Some(disabled) = input.disabled {
        provider.disabled = Some(disabled);
    }
    Ok(())
}
