//! Single sign-on by SAML 2.0 (auth.md section 14).

use axum::Router;
use axum::routing::{get, post};

use crate::error::{AuthError, ErrorCode, Result};
use crate::saml::provider::ServiceProvider;
use crate::state::State;

mod acs;
mod arrival;
mod begin;
mod metadata;

/// The area's part of the route table.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/sso", post(begin::begin))
        .route("/sso/", post(begin::begin))
        .route("/sso/saml/metadata", get(metadata::show))
        .route("/sso/saml/acs", post(acs::receive))
}

/// We as a service provider, if SAML is on.
fn enabled(state: &State) -> Result<&ServiceProvider> {
    state
        .saml
        .as_ref()
        .ok_or_else(|| AuthError::not_found(ErrorCode::SamlProviderDisabled, "SAML 2.0 is disabled"))
}

fn disabled() -> AuthError {
    AuthError::not_found(
        ErrorCode::SsoProviderDisabled,
        "SSO Provider assigned for this domain is currently disabled",
    )
}
