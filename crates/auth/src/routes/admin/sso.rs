//! `/admin/sso/providers`: connections to identity providers (auth.md section 14). They can be prepared while SAML is off.

use ferrobase_db::{DbError, Executor};
use uuid::Uuid;

use crate::error::{AuthError, ErrorCode, Result};
use crate::model::sso::SsoProvider;
use crate::store::sso_providers;

pub(in crate::routes::admin) mod create;
pub(in crate::routes::admin) mod delete;
mod input;
pub(in crate::routes::admin) mod list;
pub(in crate::routes::admin) mod show;
pub(in crate::routes::admin) mod update;

/// Begins a path that names a connection by the administrator's own name for it.
const BY_RESOURCE_ID: &str = "resource_";

/// The connection that a path names.
async fn find(db: &impl Executor, name: &str) -> Result<SsoProvider> {
    let found = match (name.strip_prefix(BY_RESOURCE_ID), Uuid::try_parse(name)) {
        (Some(resource_id), _) => sso_providers::find_by_resource_id(db, resource_id).await?,
        (None, Ok(id)) => sso_providers::find(db, id).await?,
        (None, Err(_)) => None,
    };
    found.ok_or_else(not_found)
}

fn not_found() -> AuthError {
    AuthError::not_found(ErrorCode::SsoProviderNotFound, "SSO Identity Provider not found")
}

/// What a write that met another one's name means.
fn taken(error: DbError, entity_id: &str) -> AuthError {
    if error.is_unique_violation("saml_providers_entity_id_key") {
        return AuthError::unprocessable(
            ErrorCode::SamlIdpAlreadyExists,
            format!("SAML Identity Provider with this EntityID ({entity_id}) already exists"),
        );
    }
    if error.is_unique_violation("sso_domains_domain_idx") {
        return AuthError::bad_request(
            ErrorCode::SsoDomainAlreadyExists,
            "SSO Domain is already assigned to an SSO identity provider",
        );
    }
    if error.is_unique_violation("sso_providers_resource_id_idx") {
        return AuthError::unprocessable(
            ErrorCode::Conflict,
            "Updating SSO provider failed, likely due to a conflict. Try again?",
        );
    }
    error.into()
}
