//! `GET /.well-known/openid-configuration` and `GET /.well-known/oauth-authorization-server` (auth.md section 16; OpenID
//! Connect Discovery §3, RFC 8414 §2). One document serves both.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use url::Url;

use crate::error::Result;
use crate::model::scopes::SUPPORTED;
use crate::routes::oauth::check_enabled;
use crate::state::State;

/// There with and without the OAuth server: it also says where the keys of tokens are.
pub(in crate::routes) async fn openid(Shared(state): Shared<State>) -> Response {
    answer(&state)
}

/// There with the OAuth server only.
pub(in crate::routes) async fn oauth_server(Shared(state): Shared<State>) -> Result<Response> {
    check_enabled(&state)?;
    Ok(answer(&state))
}

fn answer(state: &State) -> Response {
    ([(CACHE_CONTROL, "public, max-age=600")], Json(document(state))).into_response()
}

fn document(state: &State) -> Value {
    let config = &state.config;
    let external = config.external_url.as_str();
    let issuer = config.jwt_issuer.as_deref().unwrap_or(external);
    // An issuer that is only a name leads nowhere.
    let base = match Url::parse(issuer) {
        Ok(url) if url.has_host() => issuer,
        _ => external,
    };
    let at = |path: &str| format!("{}{path}", base.trim_end_matches('/'));
    let signs_for_others = state.keys.has_public_signing_key();
    let scopes: Vec<&str> = SUPPORTED
        .into_iter()
        .filter(|scope| signs_for_others || *scope != "openid")
        .collect();
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": at("/oauth/authorize"),
        "token_endpoint": at("/oauth/token"),
        "jwks_uri": at("/.well-known/jwks.json"),
        "userinfo_endpoint": at("/oauth/userinfo"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [state.keys.signing_algorithm()],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256", "plain"],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "claims_supported": [
            "sub", "aud", "iss", "exp", "iat", "auth_time", "nonce", "email", "email_verified", "phone_number",
            "phone_number_verified", "name", "picture", "preferred_username", "updated_at",
        ],
    });
    if config.oauth_server.enabled && config.oauth_server.allow_dynamic_registration {
        document["registration_endpoint"] = json!(at("/oauth/clients/register"));
    }
    document
}
