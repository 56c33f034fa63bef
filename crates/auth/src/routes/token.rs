//! `POST /token`: dispatch by grant type (auth.md section 8).

use axum::Router;
use axum::extract::{FromRequest, FromRequestParts, Request, State as Shared};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;

use crate::captcha::Solved;
use crate::error::{AuthError, ErrorCode, Result};
use crate::limits::Limited;
use crate::refreshing::{self, Presenter};
use crate::request::{Body, RequestInfo, query_value};
use crate::state::State;

mod id_token;
mod password;
mod pkce;
mod web3;

#[derive(Deserialize)]
struct RefreshGrant {
    refresh_token: Option<String>,
}

/// The area's part of the route table.
pub(super) fn routes() -> Router<State> {
    Router::new().route("/token", post(grant))
}

/// Exchanges credentials for a session. The grant type comes from the query.
async fn grant(Shared(state): Shared<State>, request: Request) -> Result<Response> {
    let (mut parts, body) = request.into_parts();
    let grant_type = query_value(&parts, "grant_type").unwrap_or_default();
    let limited = match grant_type.as_str() {
        "web3" => Limited::Web3,
        _ => Limited::Token,
    };
    state.limits.check(limited, &parts.headers)?;
    let info = RequestInfo::from_request_parts(&mut parts, &state).await?;
    let request = Request::from_parts(parts, body);
    let response = match grant_type.as_str() {
        "password" => {
            let Solved(body) = Solved::from_request(request, &state).await?;
            password::exchange(&state, &info, body).await?
        }
        "refresh_token" => {
            let Body(body) = Body::<RefreshGrant>::from_request(request, &state).await?;
            let token = body.refresh_token.unwrap_or_default();
            refreshing::exchange(&state, &info, &token, &Presenter::App).await?
        }
        "pkce" => {
            let Body(body) = Body::from_request(request, &state).await?;
            pkce::exchange(&state, &info, body).await?
        }
        "id_token" => id_token::grant(&state, &info, request).await?,
        "web3" => web3::grant(&state, &info, request).await?,
        _ => {
            return Err(AuthError::bad_request(
                ErrorCode::InvalidCredentials,
                "unsupported_grant_type",
            ));
        }
    };
    Ok(response.into_response())
}
