//! `GET /oauth/authorize`: a client asks for access; the browser goes on to the project's consent page (auth.md section 16).
//!
//! A client that is not known, or an address that is not its own, is answered here. Every other refusal goes to the
//! client, by redirect, as RFC 6749 §4.1.2.1 has it.

use axum::extract::{Request, State as Shared};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use url::Url;
use uuid::Uuid;

use super::{check_enabled, refusal};
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::authorization::Authorization;
use crate::model::oauth_client::OAuthClient;
use crate::model::redirect;
use crate::model::scopes::Scopes;
use crate::model::session::delta;
use crate::redirects;
use crate::request::query_value;
use crate::state::State;
use crate::store::{oauth_authorizations, oauth_clients};

/// What a browser cannot guess and a page can carry.
const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Lengths of a challenge (RFC 7636 §4.2).
const CHALLENGE: std::ops::RangeInclusive<usize> = 43..=128;

/// An error for the client: name and description.
type Wrong = (&'static str, String);

pub(in crate::routes) async fn begin(Shared(state): Shared<State>, request: Request) -> Result<Response> {
    check_enabled(&state)?;
    let (parts, _) = request.into_parts();
    let given = |name: &str| query_value(&parts, name).filter(|value| !value.is_empty());
    let (client_id, redirect_uri) = (given("client_id"), given("redirect_uri"));
    let client_id = client_id.ok_or_else(|| AuthError::validation("client_id is required"))?;
    let redirect_uri = redirect_uri.ok_or_else(|| AuthError::validation("redirect_uri is required"))?;
    let client = client(&state, &client_id).await?;
    if !client.redirect_uris.contains(&redirect_uri) {
        return Err(AuthError::validation("invalid redirect_uri"));
    }
    let asked = match read(&state, &parts, client.id, redirect_uri.clone()) {
        Ok(asked) => asked,
        Err((error, description)) => {
            let mark = given("state");
            let target = refusal(&redirect_uri, error, &description, mark.as_deref());
            return redirects::answer(StatusCode::FOUND, &target);
        }
    };
    oauth_authorizations::insert(&state.pool.batched(), &asked, state.now()).await?;
    let site = redirect::site(&state.config);
    let page = format!(
        "{}{}?authorization_id={}",
        site.trim_end_matches('/'),
        state.config.oauth_server.authorization_path,
        asked.authorization_id
    );
    redirects::answer(StatusCode::FOUND, &page)
}

async fn client(state: &State, id: &str) -> Result<OAuthClient> {
    let unknown = |why: &'static str| AuthError::bad_request(ErrorCode::OauthClientNotFound, why);
    let id = Uuid::parse_str(id).map_err(|_| unknown("invalid client_id format"))?;
    oauth_clients::find(&state.pool, id)
        .await?
        .ok_or_else(|| unknown("invalid client_id"))
}

/// The rest of the request.
fn read(
    state: &State,
    parts: &Parts,
    client_id: Uuid,
    redirect_uri: String,
) -> std::result::Result<Authorization, Wrong> {
    let given = |name: &str| query_value(parts, name).filter(|value| !value.is_empty());
    if given("response_type").is_some_and(|kind| kind != "code") {
        return Err((
            "unsupported_response_type",
            "only response_type=code is supported".to_owned(),
        ));
    }
    check_extensions(given)?;
    let scopes = scopes(state, given("scope"))?;
    let resource = given("resource");
    if let Some(resource) = &resource {
        check_resource(resource)?;
    }
    let (code_challenge, method) = challenge(given("code_challenge"), given("code_challenge_method"))?;
    let nonce = given("nonce");
    let mark = given("state");
    for (name, value, longest) in [("state", &mark, 4096), ("nonce", &nonce, 255)] {
        if value
            .as_ref()
            .is_some_and(|value| value.chars().count() > longest)
        {
            return Err((
                "invalid_request",
                format!("{name} cannot exceed {longest} characters"),
            ));
        }
    }
    Ok(Authorization {
        id: state.random.uuid(),
        authorization_id: state.random.from_alphabet(ALPHABET, 32),
        client_id,
        user_id: None,
        redirect_uri,
        scopes,
        state: mark,
        resource,
        code_challenge: Some(code_challenge),
        code_challenge_method: Some(method.to_owned()),
        nonce,
        is_pending: true,
        expires_at: state.now() + delta(state.config.oauth_server.authorization_ttl),
    })
}

/// What OpenID Connect has besides, and this server has not: a client that asks for it is told, where going on would mean
/// something else than it wants (OpenID Connect Core §3.1.2.6). The other prompts and `max_age` change nothing, as in the
/// original: many clients send them always, and the ID token's `auth_time` says what they want to know.
fn check_extensions(given: impl Fn(&str) -> Option<String>) -> std::result::Result<(), Wrong> {
    let unsupported = |name: &'static str, why: &str| Err((name, why.to_owned()));
    if given("request").is_some() {
        return unsupported("request_not_supported", "request objects are not supported");
    }
    if given("request_uri").is_some() {
        return unsupported("request_uri_not_supported", "request objects are not supported");
    }
    if given("response_mode").is_some_and(|mode| mode != "query") {
        return unsupported("invalid_request", "only response_mode=query is supported");
    }
    if given("prompt").is_some_and(|prompt| prompt.split_whitespace().any(|word| word == "none")) {
        return unsupported(
            "interaction_required",
            "the user has to be asked: prompt=none is not supported",
        );
    }
    Ok(())
}

fn scopes(state: &State, asked: Option<String>) -> std::result::Result<Scopes, Wrong> {
    let Some(asked) = asked else {
        return Ok(state.config.oauth_server.default_scope.clone());
    };
    let scopes = Scopes::parse(&asked).map_err(|unknown| ("invalid_scope", unknown.to_string()))?;
    if scopes.is_empty() {
        return Err(("invalid_scope", "scope parameter cannot be empty".to_owned()));
    }
    // Told now: at the end of the way there would be nothing but a failure.
    if scopes.has("openid") && !state.keys.has_public_signing_key() {
        return Err((
            "invalid_scope",
            "unsupported scope: openid needs an asymmetric signing key".to_owned(),
        ));
    }
    Ok(scopes)
}

/// RFC 8707 §2, and no query, as in the original.
fn check_resource(resource: &str) -> std::result::Result<(), Wrong> {
    let wrong = |why: &str| Err(("invalid_target", format!("resource must {why}")));
    if resource.len() > 2048 {
        return wrong("not exceed 2048 characters");
    }
    let Ok(url) = Url::parse(resource) else {
        return wrong("be an absolute URI");
    };
    if url.fragment().is_some() {
        return wrong("not include a fragment component");
    }
    if url.query().is_some() {
        return wrong("not include a query component");
    }
    Ok(())
}

/// PKCE is not optional, and a method that is not named is not taken for `plain`.
fn challenge(
    challenge: Option<String>,
    method: Option<String>,
) -> std::result::Result<(String, &'static str), Wrong> {
    let wrong = |why: &str| Err(("invalid_request", why.to_owned()));
    let (Some(challenge), Some(method)) = (challenge, method) else {
        return wrong("PKCE flow requires both code_challenge and code_challenge_method");
    };
    let method = if method.eq_ignore_ascii_case("s256") {
        "s256"
    } else if method.eq_ignore_ascii_case("plain") {
        "plain"
    } else {
        return wrong("code_challenge_method must be 'S256' or 'plain'");
    };
    if !CHALLENGE.contains(&challenge.len()) {
        return wrong("code_challenge must be between 43 and 128 characters");
    }
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !challenge.bytes().all(is_unreserved) {
        return wrong("code_challenge must consist of letters, digits, '-', '.', '_' and '~'");
    }
    Ok((challenge, method))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn challenges() {
        let ok = "a".repeat(43);
        let pkce = |text: &str, method: &str| {
            let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            challenge(given(text), given(method)).map(|(_, method)| method)
        };
        assert_eq!(pkce(&ok, "S256"), Ok("s256"));
        assert_eq!(pkce(&ok, "plain"), Ok("plain"));
        for (text, method) in [
            (ok.as_str(), ""),
            ("", "S256"),
            ("", ""),
            (&ok, "none"),
            (&ok, "S512"),
            (&"a".repeat(42), "S256"),
            (&"a".repeat(129), "S256"),
            (&format!("{}=", "a".repeat(43)), "S256"),
        ] {
            assert_eq!(
                pkce(text, method).unwrap_err().0,
                "invalid_request",
                "{text} {method}"
            );
        }
    }

    #[test]
    fn resources() {
        assert!(check_resource("https://api.example/v1").is_ok());
        assert!(check_resource("urn:example:api").is_ok());
        for resource in ["/v1", "https://api.example/#x", "https://api.example/?x"] {
            assert_eq!(check_resource(resource).unwrap_err().0, "invalid_target");
        }
    }
}
