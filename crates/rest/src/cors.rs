//! Cross-origin requests, where no gateway answers them (rest.md section 17).

use axum::extract::{Request, State as Shared};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;

use crate::state::State;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit",
);
const MAX_AGE: HeaderValue = HeaderValue::from_static("86400");

pub(crate) async fn layer(Shared(state): Shared<State>, request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(ORIGIN).cloned() else {
        return next.run(request).await;
    };
    let allowed = &state.config().cors_origins;
    let is_any = allowed.is_empty();
    let is_allowed = is_any
        || allowed
            .iter()
            .any(|allowed| allowed.as_bytes() == origin.as_bytes());
    let preflight = (request.method() == Method::OPTIONS
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD))
    .then(|| request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS).cloned());
    let is_preflight = preflight.is_some() && is_allowed;
    let mut response = if is_preflight {
        Response::default()
    } else {
        next.run(request).await
    };
    if !is_allowed {
        return response;
    }
    let headers = response.headers_mut();
    if is_any {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    } else {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    if let Some(asked) = preflight {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed_headers(asked.as_ref()));
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    } else {
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}

fn allowed_headers(asked: Option<&HeaderValue>) -> HeaderValue {
    let asked = asked.and_then(|asked| asked.to_str().ok()).unwrap_or_default();
    let separator = if asked.is_empty() { "" } else { ", " };
    let text = format!("Authorization, {asked}{separator}Accept, Accept-Language, Content-Language");
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("Authorization"))
}
