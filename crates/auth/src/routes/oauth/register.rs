//! `POST /oauth/clients/register`: clients register themselves (auth.md section 16; RFC 7591), and what registering is for
//! administrators too.

use axum::Json;
use axum::extract::{FromRequest, Request, State as Shared};
use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use uuid::Uuid;

use super::check_enabled;
use crate::error::{AuthError, ErrorCode, Result};
use crate::limits::Limited;
use crate::model::oauth_client::{ClientType, OAuthClient, Registration, hash_secret};
use crate::model::user::Time;
use crate::request::Body;
use crate::state::State;
use crate::store::oauth_clients;

pub(in crate::routes) async fn register_dynamically(
    Shared(state): Shared<State>,
    request: Request,
) -> Result<(StatusCode, Json<Registered>)> {
    check_enabled(&state)?;
    state.limits.check(Limited::OAuthRegister, request.headers())?;
    if !state.config.oauth_server.allow_dynamic_registration {
        return Err(AuthError::forbidden(
            ErrorCode::OauthDynamicClientRegistrationDisabled,
            "Dynamic client registration is not enabled",
        ));
    }
    let Body(registration) = Body::<Registration>::from_request(request, &state).await?;
    let registered = register(&state, registration, "dynamic").await?;
    Ok((StatusCode::CREATED, Json(registered)))
}

/// Registers a client. `kind` is `manual` or `dynamic`.
pub(in crate::routes) async fn register(
    state: &State,
    registration: Registration,
    kind: &str,
) -> Result<Registered> {
    let mut client = registration.check(state.random.uuid(), kind, state.now())?;
    let secret = match client.client_type {
        ClientType::Confidential => Some(new_secret(state, &mut client)),
        ClientType::Public => None,
    };
    oauth_clients::insert(&state.pool, &client).await?;
    Ok(Registered::new(client, secret))
}

/// Gives a client a new secret, which is shown once.
pub(in crate::routes) fn new_secret(state: &State, client: &mut OAuthClient) -> String {
    let secret = BASE64URL_NOPAD.encode(&state.random.bytes::<32>());
    client.secret_hash = Some(hash_secret(&secret));
    secret
}

/// A client as administrators and the client itself see it.
#[derive(Serialize)]
pub(in crate::routes) struct Registered {
    client_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// RFC 7591 §3.2.1 wants it with a secret; 0 = never.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<u8>,
    client_type: &'static str,
    redirect_uris: Vec<String>,
    token_endpoint_auth_method: &'static str,
    grant_types: Vec<&'static str>,
    response_types: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo_uri: Option<String>,
    registration_type: String,
    created_at: Time,
    updated_at: Time,
}

impl Registered {
    /// With the secret, when it was made just now.
    pub(in crate::routes) fn new(client: OAuthClient, secret: Option<String>) -> Self {
        Self {
            client_id: client.id,
            client_secret_expires_at: secret.as_ref().map(|_| 0),
            client_secret: secret,
            client_type: client.client_type.as_str(),
            redirect_uris: client.redirect_uris,
            token_endpoint_auth_method: client.auth_method.as_str(),
            grant_types: client.grant_types.iter().map(|grant| grant.as_str()).collect(),
            response_types: ["code"],
            client_name: client.name,
            client_uri: client.uri,
            logo_uri: client.logo_uri,
            registration_type: client.registration_type,
            created_at: client.created_at,
            updated_at: client.updated_at,
        }
    }
}
