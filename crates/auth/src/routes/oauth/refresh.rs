//! The `refresh_token` grant of clients (auth.md section 16; RFC 6749 §6).

use super::token::TokenRequest;
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::oauth_client::OAuthClient;
use crate::model::scopes::Scopes;
use crate::refreshing::{self, Presenter};
use crate::request::RequestInfo;
use crate::sign_in::ClientTokens;
use crate::state::State;

pub(super) async fn exchange(
    state: &State,
    info: &RequestInfo,
    client: &OAuthClient,
    request: TokenRequest,
) -> Result<ClientTokens> {
    let token = request.refresh_token.unwrap_or_default();
    if token.is_empty() {
        return Err(AuthError::oauth(
            "invalid_request",
            "refresh_token is required for refresh_token grant",
        ));
    }
    let scopes = request
        .scope
        .filter(|scope| !scope.trim().is_empty())
        .map(|scope| Scopes::parse(&scope))
        .transpose()
        .map_err(|unknown| AuthError::oauth("invalid_scope", unknown.to_string()))?;
    let scope = scopes.as_ref().map(ToString::to_string);
    let presenter = Presenter::Client {
        id: client.id,
        scopes,
    };
    let response = refreshing::exchange(state, info, &token, &presenter)
        .await
        .map_err(in_oauth_terms)?;
    let mut tokens = response.into_client_tokens();
    tokens.scope = scope;
    Ok(tokens)
}

/// A token that is worth nothing is `invalid_grant`, whatever the reason: that is what clients look for.
fn in_oauth_terms(error: AuthError) -> AuthError {
    match error {
        AuthError::Refused {
            code:
                ErrorCode::RefreshTokenNotFound
                | ErrorCode::RefreshTokenAlreadyUsed
                | ErrorCode::SessionExpired
                | ErrorCode::SessionNotFound
                | ErrorCode::UserBanned
                | ErrorCode::ValidationFailed,
            message,
            ..
        } => AuthError::oauth("invalid_grant", message),
        other => other,
    }
}
