//! `GET /verify`: where the link of a mail leads (auth.md 9.8). Except for a broken link the answer is a redirect.

use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, Method as HttpMethod, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use url::form_urlencoded::Serializer;

use crate::codes::PKCE_PREFIX;
use crate::error::{AuthError, ErrorCode, Result};
use crate::limits::Limited;
use crate::model::aal::Method;
use crate::model::one_time::TokenType;
use crate::redemption::{HALF_CHANGED, Proof, Redeemed, Replaced, redeem};
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
    let location = HeaderValue::from_str(&in_ascii(&target)).map_err(AuthError::internal)?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response())
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
    Ok(with_fragment(&info.redirect_to, &response.fragment(link_type)))
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

fn failed(redirect_to: &str, error: &AuthError, is_pkce: bool) -> String {
    if error.status().is_server_error() {
        tracing::error!(%error, "a link could not be redeemed");
    }
    let message = error.public_message();
    let mut pairs = Vec::with_capacity(4);
    if let Some(name) = oauth_name(error.status()) {
        pairs.push(("error", name));
    }
    pairs.extend([
        ("error_code", error.code().as_str()),
        ("error_description", &*message),
    ]);
    let target = if is_pkce {
        with_query(redirect_to, &form(&pairs))
    } else {
        redirect_to.to_owned()
    };
    pairs.push(("sb", ""));
    with_fragment(&target, &form(&pairs))
}

/// The `error` of RFC 6749 §4.1.2.1 for a status.
fn oauth_name(status: StatusCode) -> Option<&'static str> {
    match status.as_u16() {
        400 => Some("invalid_request"),
        401 => Some("unauthorized_client"),
        403 => Some("access_denied"),
        500 => Some("server_error"),
        503 => Some("temporarily_unavailable"),
        _ => None,
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    let mut form = Serializer::new(String::new());
    form.extend_pairs(pairs);
    form.finish()
}

/// Adds to the query, before a fragment if there is one.
fn with_query(target: &str, query: &str) -> String {
    let (base, fragment) = target
        .split_once('#')
        .map_or((target, None), |(base, fragment)| (base, Some(fragment)));
    let separator = if base.contains('?') { '&' } else { '?' };
    match fragment {
        Some(fragment) => format!("{base}{separator}{query}#{fragment}"),
        None => format!("{base}{separator}{query}"),
    }
}

/// Replaces the fragment.
fn with_fragment(target: &str, fragment: &str) -> String {
    let base = target.split('#').next().unwrap_or(target);
    format!("{base}#{fragment}")
}

/// A target as a header can carry it: bytes beyond ASCII percent-encoded (RFC 3986 §2.5).
fn in_ascii(target: &str) -> String {
    let mut text = String::with_capacity(target.len());
    for character in target.chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            text.extend(url::form_urlencoded::byte_serialize(
                character.encode_utf8(&mut [0; 4]).as_bytes(),
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_go_into_the_fragment_and_for_pkce_into_the_query_too() {
        let error = AuthError::forbidden(ErrorCode::OtpExpired, "Email link is invalid or has expired");
        let pairs = "error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid+or+has+expired";
        assert_eq!(
            failed("http://a/", &error, false),
            format!("http://a/#{pairs}&sb=")
        );
        assert_eq!(
            failed("app://cb?x=1", &error, true),
            format!("app://cb?x=1&{pairs}#{pairs}&sb=")
        );
    }

    #[test]
    fn an_email_link_is_what_its_token_was() {
        assert_eq!(link_type("email", TokenType::Recovery), "magiclink");
        assert_eq!(link_type("email", TokenType::Confirmation), "signup");
        assert_eq!(link_type("recovery", TokenType::Recovery), "recovery");
    }

    #[test]
    fn targets_fit_a_header() {
        assert_eq!(in_ascii("http://a/größe?x=1#y"), "http://a/gr%C3%B6%C3%9Fe?x=1#y");
    }
}
