//! `DELETE /user/oauth/grants?client_id=` (auth.md section 16).

use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::caller::Authenticated;
use crate::error::{AuthError, ErrorCode, Result};
use crate::request::query_value;
use crate::routes::oauth::check_enabled;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::oauth_consents;

pub(in crate::routes) async fn revoke(Shared(state): Shared<State>, request: Request) -> Result<StatusCode> {
    let (mut parts, _) = request.into_parts();
    let user = Authenticated::from_request_parts(&mut parts, &state).await?.user;
    check_enabled(&state)?;
    let client_id = query_value(&parts, "client_id").unwrap_or_default();
    if client_id.is_empty() {
        return Err(AuthError::validation("client_id query parameter is required"));
    }
    let client_id =
        Uuid::parse_str(&client_id).map_err(|_| AuthError::validation("invalid client_id format"))?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    if !oauth_consents::revoke(&tx, user.id, client_id, state.now()).await? {
        return Err(AuthError::not_found(
            ErrorCode::OauthConsentNotFound,
            "No active grant found for this client",
        ));
    }
    let traits = json!({ "oauth_client_id": client_id, "action": "revoke_oauth_grant" });
    let payload = audit::payload(Action::TokenRevoked, &user, Some(traits));
    state.audit(&tx, &payload, None).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
