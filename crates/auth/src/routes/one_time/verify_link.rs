//! `GET /verify`: where the link of a mail leads (auth.md 9.8). Except for a broken link the answer is a redirect.

use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::http::{Method as HttpMethod, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::codes::PKCE_PREFIX;
use crate::error::{AuthError, ErrorCode, Result};
use crate::limits::Limited;
use crate::model::aal::Method;
use crate::model::one_time::TokenType;
use crate::redemption::{HALF_CHANGED, Proof, Redeemed, Replaced, redeem};
use crate::redirects::{self, failed, form, with_fragment, with_query};
use crate::request::{RequestInfo, query_value};
use crate::sign_in::open_session;
use crate::state::State;
use crate::store::flow_states;

pub(in crate::routes) async fn follow(Shared(state): Shared<State>, request: Request) -> Result<Response> {
    let (mut parts, _) = request.into_parts();
    // The router hands HEAD over with GET. Mail scanners ask so, and would use the link up before its reader does.
    if parts.method == HttpMethod::HEAD {
        return Ok(StatusCode::METHOD_NOT_ALLOWED.into_response());
    }
    state.limits.check(Limited::Verify, &parts.headers)?;
    let given = |name: &str| query_value(&parts, name).filter(|value| !value.is_empty());
    let verification_type = given("type");
    let token = given("token").or_else(|| given("token_hash"));
    let verification_type =
        verification_type.ok_or_else(|| AuthError::validation("Verify requires a verification type"))?;
    let token = token.ok_or_else(|| AuthError::validation("Verify requires a token or a token hash"))?;
    let info = RequestInfo::from_request_parts(&mut parts, &state).await?;
    let is_pkce = token.starts_with(PKCE_PREFIX);
    let target = match attempt(&state, &info, &verification_type, &token, is_pkce).await {
        Ok(target) => target,
        Err(error) => failed(&info.redirect_to, &error, is_pkce),
    };
    redirects::answer(StatusCode::SEE_OTHER, &target)
}

async fn attempt(
    state: &State,
    info: &RequestInfo,
    verification_type: &str,
    token: &str,
    is_pkce: bool,
) -> Result<String> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let accepted = match redeem(state, &tx, verification_type, &Proof::Hash(token)).await? {
        Redeemed::User(accepted) => *accepted,
        Redeemed::HalfChanged => {
            tx.commit().await?;
            let message = form(&[("message", HALF_CHANGED)]);
            let target = if is_pkce {
                with_query(&info.redirect_to, &message)
            } else {
                info.redirect_to.clone()
            };
            return Ok(with_fragment(
                &target,
                &form(&[("message", HALF_CHANGED), ("sb", "")]),
            ));
        }
    };
    let link_type = link_type(verification_type, accepted.token_type);
    let user = accepted.user;
    // A notification needs the user that the session takes.
    let changed = accepted.replaced.map(|replaced| (replaced, user.to_value()));
    if is_pkce {
        let method = if link_type == "signup" {
            "email/signup"
        } else {
            link_type
        };
        let code = flow_states::issue_code(&tx, user.id, method, state.now())
            .await?
            .ok_or_else(|| {
                AuthError::unprocessable(
                    ErrorCode::FlowStateNotFound,
                    "invalid flow state, no valid flow state found",
                )
            })?;
        tx.commit().await?;
        announce(state, changed).await;
        return Ok(with_query(&info.redirect_to, &form(&[("code", &code)])));
    }
    let response = open_session(state, &tx, user, Method::Otp, info, None).await?;
    tx.commit().await?;
    announce(state, changed).await;
    Ok(with_fragment(
        &info.redirect_to,
        &response.fragment(Some(link_type)),
    ))
}

async fn announce(state: &State, changed: Option<(Replaced, Value)>) {
    if let Some((replaced, user)) = changed {
        replaced.announce(state, &user).await;
    }
}

/// The type as the client is told it: `email` stands for whichever of the two the token was.
fn link_type(asked: &str, token_type: TokenType) -> &str {
    match (asked, token_type) {
        ("email", TokenType::Recovery) => "magiclink",
        ("email", _) => "signup",
        (other, _) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_link_is_what_its_token_was() {
        assert_eq!(link_type("email", TokenType::Recovery), "magiclink");
        assert_eq!(link_type("email", TokenType::Confirmation), "signup");
        assert_eq!(link_type("recovery", TokenType::Recovery), "recovery");
    }
}
