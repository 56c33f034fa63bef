//! Who asks: the project's API key opens the gateway, the bearer token says as whom.
//!
//! * `apikey` as header or query parameter; a valid bearer token alone is enough.
//! * Opaque keys (`sb_…`) are replaced by the JWT that they stand for: always in `Authorization`; from `apikey` only when
//!   there is no `Authorization`, because the official client then sends none.
//! * A JWT as `apikey` says nothing about the caller.

use std::borrow::Cow;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;
use ferrobase_http::{Caller, TokenState};
use ferrobase_jwt::constant_time_eq;

use super::{Gateway, refusal};

/// Paths that browsers reach by a link, without a key.
const OPEN: [&str; 4] = [
    "/auth/v1/verify",
    "/auth/v1/callback",
    "/auth/v1/authorize",
    "/auth/v1/.well-known/jwks.json",
];

pub(super) async fn layer(State(gateway): State<Gateway>, mut request: Request, next: Next) -> Response {
    let key = api_key(&request);
    let bearer = bearer(request.headers());
    let mut token = bearer.map_or(TokenState::None, |bearer| gateway.token(bearer));
    match key.as_deref().map(|key| gateway.key(key)) {
        Some(Key::Wrong) => return refusal::wrong_key(),
        Some(Key::Opaque(stands_for)) if !request.headers().contains_key(AUTHORIZATION) => token = stands_for,
        Some(Key::Opaque(_) | Key::Jwt) => {}
        None if matches!(token, TokenState::Valid { .. }) || OPEN.contains(&request.uri().path()) => {}
        None if bearer.is_some() => return refusal::wrong_key(),
        None => return refusal::no_key(),
    }
    request.extensions_mut().insert(Caller { token });
    next.run(request).await
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
            Err(error) => TokenState::Invalid(error),
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
    if let Some(key) = request.headers().get("apikey") {
        return Some(Cow::Borrowed(key.to_str().unwrap_or_default()));
    }
    let query = request.uri().query().filter(|query| query.contains("apikey"))?;
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "apikey")
        .map(|(_, key)| key)
}

/// `Bearer`, in any case, one blank, the token (auth.md section 1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains(' ')).then_some(token)
}
