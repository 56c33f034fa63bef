//! The `pkce` grant: the code of a redirect becomes a session (auth.md 8.4).

use serde::Deserialize;
use serde_json::json;

use crate::caller::banned;
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::aal::Method;
use crate::model::flow::FlowState;
use crate::request::RequestInfo;
use crate::sign_in::{SignIn, TokenResponse, open_session};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::{flow_ends, flow_states, users};

#[derive(Deserialize)]
pub(super) struct PkceGrant {
    auth_code: Option<String>,
    code_verifier: Option<String>,
}

/// The flow is locked while it is looked at, and goes with the session that it opens: a code opens one session.
pub(super) async fn exchange(state: &State, info: &RequestInfo, body: PkceGrant) -> Result<TokenResponse> {
    let code = body.auth_code.unwrap_or_default();
    let verifier = body.code_verifier.unwrap_or_default();
    if code.is_empty() || verifier.is_empty() {
        return Err(AuthError::validation(
            "invalid request: both auth code and code verifier should be non-empty",
        ));
    }
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    // A code is worth nothing before its link was followed or its provider answered, though it is stored before.
    let flow = flow_states::lock_by_code(&tx, &code)
        .await?
        .filter(|flow| flow.auth_code_issued_at.is_some())
        .ok_or_else(not_found)?;
    let user_id = flow.user_id.ok_or_else(not_found)?;
    check(state, &flow, &verifier)?;
    let method = Method::of_flow(&flow.authentication_method).ok_or_else(not_found)?;
    let user = users::find(&tx, user_id).await?.ok_or_else(not_found)?;
    if user.is_banned(state.now()) {
        return Err(banned());
    }
    let traits = json!({ "provider_type": flow.provider_type });
    let audit = audit::payload(Action::Login, &user, Some(traits));
    let mut sign_in = SignIn::from(method);
    if method == Method::SsoSaml {
        sign_in.not_after = flow_ends::find(&tx, flow.id).await?;
    }
    let response = open_session(state, &tx, user, sign_in, info, Some(audit)).await?;
    flow_states::delete(&tx, flow.id).await?;
    tx.commit().await?;
    Ok(response.with_provider_tokens(flow.provider_token, flow.provider_refresh_token))
}

/// A wrong verifier leaves the code usable: whoever saw the code alone must not be able to spoil it.
fn check(state: &State, flow: &FlowState, verifier: &str) -> Result<()> {
    if flow.is_expired(state.config.flow_state_expiry, state.now()) {
        return Err(AuthError::unprocessable(
            ErrorCode::FlowStateExpired,
            "invalid flow state, flow state has expired",
        ));
    }
    if !flow.is_verified_by(verifier) {
        return Err(AuthError::bad_request(
            ErrorCode::BadCodeVerifier,
            "code challenge does not match previously saved code verifier",
        ));
    }
    Ok(())
}

fn not_found() -> AuthError {
    AuthError::not_found(
        ErrorCode::FlowStateNotFound,
        "invalid flow state, no valid flow state found",
    )
}
