//! The OAuth 2.1 server: other people's apps get limited access to accounts of this project (auth.md section 16).

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::ORIGIN;
use axum::routing::{get, post};
use ferrobase_db::Executor;
use serde::Serialize;
use uuid::Uuid;

use crate::error::{AuthError, ErrorCode, Result};
use crate::model::authorization::Authorization;
use crate::model::oauth_client::OAuthClient;
use crate::model::redirect;
use crate::redirects;
use crate::state::State;
use crate::store::oauth_authorizations;

mod authorization;
mod authorize;
mod client;
mod code;
mod consent;
mod refresh;
mod register;
mod token;
mod userinfo;

pub(super) use register::{Registered, new_secret, register};

/// The area's part of the route table.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/oauth/clients/register", post(register::register_dynamically))
        .route("/oauth/authorize", get(authorize::begin))
        .route(
            "/oauth/authorizations/{authorization_id}",
            get(authorization::show),
        )
        .route(
            "/oauth/authorizations/{authorization_id}/consent",
            post(consent::decide),
        )
        .route("/oauth/token", post(token::exchange))
        .route("/oauth/userinfo", get(userinfo::show).post(userinfo::show))
}

/// Refuses everything while the server is off.
pub(super) fn check_enabled(state: &State) -> Result<()> {
    if state.config.oauth_server.enabled {
        return Ok(());
    }
    Err(AuthError::not_found(
        ErrorCode::FeatureDisabled,
        "OAuth server is disabled",
    ))
}

/// A page of another site must not decide for the user: a browser says where it is from.
fn check_origin(state: &State, headers: &HeaderMap) -> Result<()> {
    let Some(origin) = headers.get(ORIGIN).filter(|origin| !origin.is_empty()) else {
        return Ok(());
    };
    if origin
        .to_str()
        .is_ok_and(|origin| redirect::is_allowed(&state.config, origin))
    {
        return Ok(());
    }
    Err(AuthError::validation("unauthorized request origin"))
}

/// An open request, locked. One that is over is as unknown as one that never was.
async fn open_request(state: &State, db: &impl Executor, authorization_id: &str) -> Result<Authorization> {
    let request = oauth_authorizations::lock(db, authorization_id)
        .await?
        .filter(|request| !request.is_expired(state.now()))
        .ok_or_else(not_found)?;
    if !request.is_pending {
        return Err(AuthError::validation("authorization request cannot be processed"));
    }
    Ok(request)
}

fn not_found() -> AuthError {
    AuthError::not_found(ErrorCode::OauthAuthorizationNotFound, "authorization not found")
}

/// Where the consent page sends the browser.
#[derive(Serialize)]
struct Redirect {
    redirect_url: String,
}

/// The user agrees: the request has its code from now on. Gives the address that carries it to the client.
async fn approve(state: &State, db: &impl Executor, request: &Authorization) -> Result<Redirect> {
    let code = state.random.uuid().to_string();
    oauth_authorizations::approve(db, request.id, &code, state.now()).await?;
    let mut pairs = vec![("code", code.as_str())];
    pairs.extend(request.state.as_deref().map(|state| ("state", state)));
    Ok(Redirect {
        redirect_url: redirects::with_query(&request.redirect_uri, &redirects::form(&pairs)),
    })
}

/// The address that carries a refusal to the client (RFC 6749 §4.1.2.1).
fn refusal(redirect_uri: &str, error: &str, description: &str, state: Option<&str>) -> String {
    let mut pairs = vec![("error", error), ("error_description", description)];
    pairs.extend(state.map(|state| ("state", state)));
    redirects::with_query(redirect_uri, &redirects::form(&pairs))
}

/// A client as users see it.
#[derive(Serialize)]
pub(super) struct ClientDetails {
    id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo_uri: Option<String>,
}

impl From<OAuthClient> for ClientDetails {
    fn from(client: OAuthClient) -> Self {
        Self {
            id: client.id,
            name: client.name,
            uri: client.uri,
            logo_uri: client.logo_uri,
        }
    }
}
