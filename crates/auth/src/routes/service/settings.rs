//! `GET /settings`: which ways to sign in are open (auth.md section 11).

use axum::Json;
use axum::extract::State as Shared;
use serde_json::{Map, Value, json};

use crate::saml::provider::ServiceProvider;
use crate::state::State;

/// The external providers that the original lists, whether or not they are on.
const PROVIDERS: [&str; 23] = [
    "apple",
    "azure",
    "bitbucket",
    "discord",
    "facebook",
    "snapchat",
    "figma",
    "fly",
    "github",
    "gitlab",
    "google",
    "keycloak",
    "kakao",
    "linkedin",
    "linkedin_oidc",
    "notion",
    "spotify",
    "slack",
    "slack_oidc",
    "workos",
    "twitch",
    "twitter",
    "zoom",
];

pub(in crate::routes) async fn show(Shared(state): Shared<State>) -> Json<Value> {
    let config = &state.config;
    let mut external = Map::new();
    external.insert("anonymous_users".to_owned(), json!(config.anonymous_enabled));
    for provider in PROVIDERS {
        let is_on = config.external.providers.contains_key(provider);
        external.insert(provider.to_owned(), json!(is_on));
    }
    external.insert("email".to_owned(), json!(config.email.enabled));
    external.insert("phone".to_owned(), json!(config.sms.enabled));
    Json(json!({
        "external": external,
        "disable_signup": !config.signup_enabled,
        "mailer_autoconfirm": config.email.autoconfirm,
        "phone_autoconfirm": config.sms.autoconfirm,
        "sms_provider": config.sms.provider_name,
        "saml_enabled": state.saml.is_some(),
        "saml_private_key_next_configured": state.saml.as_ref().is_some_and(ServiceProvider::is_rotating),
        "passkeys_enabled": config.passkey.enabled,
    }))
}
