//! The `authorization_code` grant of clients (auth.md section 16; RFC 6749 §4.1.3).

use chrono::TimeDelta;
use ferrobase_db::Executor;
use ferrobase_jwt::hmac_sha256;
use serde_json::{Value, json};
use uuid::Uuid;

use super::token::TokenRequest;
use crate::error::{AuthError, Result};
use crate::model::aal::Method;
use crate::model::authorization::Authorization;
use crate::model::oauth_client::{GrantType, OAuthClient};
use crate::model::scoped_claims;
use crate::model::session::Grant;
use crate::model::user::{Time, User};
use crate::request::RequestInfo;
use crate::sign_in::{ClientTokens, SignIn, open_session_named};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::{oauth_authorizations, oauth_consents, sessions, users};

/// Life of an ID token.
const ID_TOKEN_LIFE: TimeDelta = TimeDelta::hours(1);

/// The request is locked while it is looked at, and goes with the session that it opens: a code opens one session.
pub(super) async fn exchange(
    state: &State,
    info: &RequestInfo,
    client: &OAuthClient,
    request: TokenRequest,
) -> Result<ClientTokens> {
    let code = request.code.as_deref().filter(|code| !code.is_empty());
    let code = code.ok_or_else(|| {
        AuthError::oauth("invalid_request", "code is required for authorization_code grant")
    })?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let Some(authorization) = oauth_authorizations::lock_by_code(&tx, code).await? else {
        end_session_of(state, &tx, code).await?;
        tx.commit().await?;
        return Err(invalid_grant("Invalid authorization code"));
    };
    check(state, client, &authorization, &request)?;
    let user = holder(state, &tx, &authorization).await?;
    // When the user last proved who they are, which is not now.
    let authenticated_at = user.last_sign_in_at.unwrap_or_else(|| state.now());
    let id_token = if authorization.scopes.has("openid") {
        Some(id_token(state, &user, &authorization, authenticated_at)?)
    } else {
        None
    };
    let traits = json!({ "provider_type": "oauth_provider_authorization_code", "client_id": client.id });
    let audit = audit::payload(Action::Login, &user, Some(traits));
    let scopes = authorization.scopes.to_string();
    let sign_in = SignIn {
        grant: Some(Grant {
            client_id: client.id,
            scopes: scopes.clone(),
        }),
        ..SignIn::from(Method::OAuthProvider)
    };
    let id = session_of(state, code);
    let response = open_session_named(state, &tx, id, user, sign_in, info, Some(audit)).await?;
    oauth_authorizations::delete(&tx, authorization.id).await?;
    tx.commit().await?;
    let mut tokens = response.into_client_tokens();
    tokens.scope = Some(scopes);
    tokens.id_token = id_token;
    if !client.may(GrantType::RefreshToken) {
        tokens.refresh_token = None;
    }
    Ok(tokens)
}

fn invalid_grant(why: &'static str) -> AuthError {
    AuthError::oauth("invalid_grant", why)
}

/// What the code is bound to: its time, its client, its address and the verifier. A wrong answer leaves it usable: whoever
/// saw the code alone must not be able to spoil it.
fn check(
    state: &State,
    client: &OAuthClient,
    authorization: &Authorization,
    request: &TokenRequest,
) -> Result<()> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if authorization.is_expired(state.now()) {
        return Err(invalid_grant("Authorization code has expired"));
    }
    if authorization.client_id != client.id {
        return Err(invalid_grant("Authorization code was not issued for this client"));
    }
    if given(&request.resource).is_some_and(|resource| Some(resource) != authorization.resource) {
        return Err(invalid_grant(
            "Authorization code resource does not match the resource parameter",
        ));
    }
    if given(&request.redirect_uri).is_some_and(|uri| uri != authorization.redirect_uri) {
        return Err(invalid_grant("Invalid redirect_uri"));
    }
    match given(&request.code_verifier) {
        None => Err(invalid_grant(
            "PKCE verification failed: code_verifier is required when PKCE challenge is present",
        )),
        Some(verifier) if authorization.is_verified_by(&verifier) => Ok(()),
        Some(_) => Err(invalid_grant(
            "PKCE verification failed: code challenge does not match previously saved code verifier",
        )),
    }
}

/// The user who agreed, if the agreement still stands.
async fn holder(state: &State, db: &impl Executor, authorization: &Authorization) -> Result<User> {
    let Some(user_id) = authorization.user_id else {
        return Err(invalid_grant("Authorization code has no associated user"));
    };
    if !oauth_consents::hold(db, user_id, authorization.client_id).await? {
        return Err(invalid_grant("The grant was revoked"));
    }
    let user = users::find(db, user_id)
        .await?
        .ok_or_else(|| invalid_grant("User not found for authorization code"))?;
    if user.is_banned(state.now()) {
        return Err(AuthError::oauth("access_denied", "User is banned"));
    }
    Ok(user)
}

/// The session that a code opens has an id that follows from the code, so that one who shows the code again can be told
/// without keeping codes for as long as sessions last.
fn session_of(state: &State, code: &str) -> Uuid {
    let key = state.keys.derive("sessions of OAuth codes");
    let digest = hmac_sha256(&key, &[code.as_bytes()]);
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(id).into_uuid()
}

/// A code that is shown again was stolen, before or after its first use: what came of it ends (RFC 6749 §4.1.2).
async fn end_session_of(state: &State, db: &impl Executor, code: &str) -> Result<()> {
    let ended = sessions::delete_if_of_client(db, session_of(state, code)).await?;
    if ended > 0 {
        tracing::warn!("an OAuth authorization code was used twice; its session ended");
    }
    Ok(())
}

/// OpenID Connect Core §2. The original's tokens name the client in `client_id` too.
fn id_token(state: &State, user: &User, of: &Authorization, authenticated_at: Time) -> Result<String> {
    if !state.keys.has_public_signing_key() {
        return Err(AuthError::failed("Error generating ID token"));
    }
    let now = state.now();
    let mut claims = scoped_claims::of_id_token(user, &of.scopes);
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    if let Some(issuer) = &state.config.jwt_issuer {
        put("iss", json!(issuer));
    }
    put("sub", json!(user.id));
    put("aud", json!(of.client_id));
    put("exp", json!((now + ID_TOKEN_LIFE).timestamp()));
    put("iat", json!(now.timestamp()));
    put("auth_time", json!(authenticated_at.timestamp()));
    put("client_id", json!(of.client_id));
    if let Some(nonce) = &of.nonce {
        put("nonce", json!(nonce));
    }
    state.keys.sign(&claims).map_err(AuthError::internal)
}
