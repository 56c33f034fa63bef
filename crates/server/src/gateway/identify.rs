//! Who asks: the project's API key opens the gateway, the bearer token says as whom.
//!
//! * `apikey` as header or query parameter; a valid bearer token alone is enough.
//! * Opaque keys (`sb_…`) are replaced by the JWT that they stand for: always in `Authorization`; from `apikey` only when
//!   there is no `Authorization`, because the official client then sends none.
//! * A JWT as `apikey` says nothing about the caller.
//! * Objects have public and signed URLs: Storage decides by itself what needs which token, and no key is asked for.
//! * Realtime judges keys by itself, in words of its own.
//! * A key in the query is not handed on to the data API, which would take it for a filter.

use std::borrow::Cow;

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::uri::{PathAndQuery, Uri};
use axum::response::Response;
use ferrobase_http::{Caller, TokenState};
use ferrobase_jwt::{JwtError, constant_time_eq};

use super::{DATA_API, Gateway, REALTIME, STORAGE, is_below, lingering, refusal};

/// Name of the key, as header and as parameter.
const KEY: &str = "apikey";

/// Paths that browsers, identity providers and OAuth clients reach by a link, without a key.
const OPEN: [&str; 12] = [
    "/auth/v1/verify",
    "/auth/v1/callback",
    "/auth/v1/authorize",
    "/auth/v1/.well-known/jwks.json",
    "/auth/v1/.well-known/openid-configuration",
    "/auth/v1/.well-known/oauth-authorization-server",
    "/auth/v1/sso/saml/acs",
    "/auth/v1/sso/saml/metadata",
    "/auth/v1/oauth/authorize",
    "/auth/v1/oauth/token",
    "/auth/v1/oauth/clients/register",
    "/auth/v1/oauth/userinfo",
];

/// The request with its [`Caller`], or the refusal of one without a right key.
pub(super) fn identify(gateway: &Gateway, request: Request) -> Result<Request, Box<Response>> {
    let mut request = lingering::until_read(request);
    let key = api_key(&request);
    let bearer = bearer(request.headers());
    let mut token = bearer.map_or(TokenState::None, |bearer| gateway.token(bearer));
    let path = request.uri().path();
    let is_open = is_below(path, STORAGE) || is_below(path, REALTIME);
    match key.as_deref().map(|key| gateway.key(key)) {
        Some(Key::Wrong) | None if is_open => {}
        Some(Key::Wrong) => return Err(Box::new(refusal::wrong_key())),
        Some(Key::Opaque(stands_for)) if !request.headers().contains_key(AUTHORIZATION) => token = stands_for,
        Some(Key::Opaque(_) | Key::Jwt) => {}
        None if matches!(token, TokenState::Valid { .. } | TokenState::Foreign { .. })
            || OPEN.contains(&request.uri().path()) => {}
        None if bearer.is_some() => return Err(Box::new(refusal::wrong_key())),
        None => return Err(Box::new(refusal::no_key())),
    }
    let shorter = key.and_then(|key| without_key(request.uri(), &key));
    if let Some(uri) = shorter {
        *request.uri_mut() = uri;
    }
    request.extensions_mut().insert(Caller { token });
    Ok(request)
}

enum Key {
    Wrong,
    Jwt,
    /// With the token that it stands for.
    Opaque(TokenState),
}

impl Gateway {
    fn key(&self, key: &str) -> Key {
        if key.starts_with("sb_") {
            return match self.0.keys.role_of_opaque(key) {
                Some(role) => Key::Opaque(self.verified(self.0.keys.jwt_of(role))),
                None => Key::Wrong,
            };
        }
        // The project's own JWT keys are known without looking into them.
        let keys = &self.0.keys;
        let is_own = [&keys.anon_key, &keys.service_role_key]
            .into_iter()
            .any(|own| constant_time_eq(own.as_bytes(), key.as_bytes()));
        if is_own {
            return Key::Jwt;
        }
        match self.0.tokens.verify(key) {
            Ok(_) => Key::Jwt,
            Err(_) => Key::Wrong,
        }
    }

    fn token(&self, bearer: &str) -> TokenState {
        match self.0.keys.role_of_opaque(bearer) {
            Some(role) => self.verified(self.0.keys.jwt_of(role)),
            None => self.verified(bearer),
        }
    }

    fn verified(&self, token: &str) -> TokenState {
        match self.0.tokens.verify(token) {
            Ok(claims) => TokenState::Valid { claims },
            // Our own, but out of its time.
            Err(error @ (JwtError::Expired | JwtError::NotYetValid)) => TokenState::Invalid(error),
            Err(error) => match self.0.third_parties.verify(token) {
                None => TokenState::Invalid(error),
                Some(Ok(claims)) => TokenState::Foreign { claims },
                Some(Err(error)) => TokenState::Invalid(error),
            },
        }
    }

    /// Whether `apikey` or bearer is the project's secret key, for what only its owner may see.
    pub(super) fn is_owner(&self, request: &Request) -> bool {
        let is_service = |state: &TokenState| matches!(state, TokenState::Valid { claims, .. } if claims.role() == Some("service_role"));
        let by_key = api_key(request).is_some_and(|key| is_service(&self.token(&key)));
        by_key || bearer(request.headers()).is_some_and(|bearer| is_service(&self.token(bearer)))
    }
}

fn api_key(request: &Request) -> Option<Cow<'_, str>> {
    if let Some(key) = request.headers().get(KEY) {
        return Some(Cow::Borrowed(key.to_str().unwrap_or_default()));
    }
    let query = request.uri().query().filter(|query| query.contains(KEY))?;
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == KEY)
        .map(|(_, key)| key)
}

/// The address without the key among its parameters; `None` if it can stay. A filter of a column of that name stays.
fn without_key(uri: &Uri, key: &str) -> Option<Uri> {
    let query = uri.query().filter(|query| query.contains(KEY))?;
    if !is_below(uri.path(), DATA_API) {
        return None;
    }
    let is_key = |pair: &&str| {
        url::form_urlencoded::parse(pair.as_bytes()).any(|(name, value)| name == KEY && value == key)
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_key(pair)).collect();
    let separator = if kept.is_empty() { "" } else { "?" };
    let path_and_query = format!("{}{separator}{}", uri.path(), kept.join("&"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path_and_query).ok()?);
    Uri::from_parts(parts).ok()
}

/// `Bearer`, in any case, one blank, the token (auth.md section 1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains(' ')).then_some(token)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_key_leaves_the_query() {
        let without = |uri: &str| {
            let uri: Uri = uri.parse().unwrap();
            without_key(&uri, "k=+1").map_or_else(|| uri.to_string(), |uri| uri.to_string())
        };
        let cases = [
            ("/rest/v1/t?apikey=k%3D%2B1", "/rest/v1/t"),
            ("/rest/v1/t?apikey=k%3d%2B1&a=eq.%20b", "/rest/v1/t?a=eq.%20b"),
            ("/rest/v1/t?a=1&apikey=k%3D%2B1&b=2", "/rest/v1/t?a=1&b=2"),
            ("http://h:1/rest/v1/t?apikey=k=%2B1&b", "http://h:1/rest/v1/t?b"),
            ("/rest/v1/t?apikey=eq.5", "/rest/v1/t?apikey=eq.5"),
            ("/rest/v1/t?myapikey=k=%2B1", "/rest/v1/t?myapikey=k=%2B1"),
            ("/auth/v1/verify?apikey=k=%2B1", "/auth/v1/verify?apikey=k=%2B1"),
            ("/rest/v1/t?a=1", "/rest/v1/t?a=1"),
        ];
        for (given, wanted) in cases {
            assert_eq!(without(given), wanted, "{given}");
        }
    }
}
