//! Broadcasts by HTTP (§5.2, §5.3).

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use ferrobase_http::{BodyError, read_body};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::error::RestError;
use crate::identity::Identity;
use crate::state::State;

pub(super) mod batch;
pub(super) mod single;

/// Largest body in bytes.
const BODY: usize = 8 << 20;

const RATE_EXCEEDED: &str = "You have exceeded your rate limit";

/// Who asks: the bearer token, else the key. With both, an opaque key as bearer counts as well.
fn identity(state: &State, headers: &HeaderMap) -> Result<Identity, RestError> {
    let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = header(AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    });
    bearer
        .or_else(|| header(HeaderName::from_static("apikey")))
        .and_then(|token| state.identify(token).ok())
        .ok_or(RestError::Unauthorized(StatusCode::UNAUTHORIZED))
}

async fn body(body: Body) -> Result<Bytes, RestError> {
    read_body(body, BODY).await.map_err(|error| match error {
        BodyError::TooLarge => RestError::TooLarge,
        BodyError::Broken => RestError::BadBody,
    })
}

/// Every answer says how much of the rate is used.
fn with_rate(state: &State, mut response: Response) -> Response {
    let rate = &state.hub().events;
    let (average, limit) = (rate.average(), rate.limit().unwrap_or(u64::from(u32::MAX)));
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: u64| headers.insert(name, HeaderValue::from(value));
    set("x-rate-rolling", average);
    set("x-rate-limit", limit);
    set("x-rate-limit-remaining", limit.saturating_sub(average));
    response
}
