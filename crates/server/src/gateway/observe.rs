//! The request id, the log span and the metrics of a request; the net under a panicking handler.

use std::any::Any;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ferrobase_http::{ClientAddress, RequestId, client_address};
use ferrobase_telemetry::{counter, histogram};
use futures_util::FutureExt;
use serde_json::json;
use tracing::{Instrument, Span};

use crate::listener::Peer;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is taken from the client.
const LONGEST_ID: usize = 64;

/// A request that is being answered.
pub(super) struct Observed {
    begun: Instant,
    id: Arc<str>,
    service: &'static str,
    span: Span,
}

/// Gives a request its id and its client's address.
pub(super) fn begin(request: &mut Request) -> Observed {
    let begun = Instant::now();
    let id = request_id(request);
    let peer = request
        .extensions()
        .get::<Peer>()
        .map_or(IpAddr::from([127, 0, 0, 1]), |peer| peer.0.ip());
    let client = client_address(request.headers(), peer);
    let service = service_of(request.uri().path());
    let span =
        tracing::info_span!("request", id = %id, method = %request.method(), path = request.uri().path());
    request.extensions_mut().insert(ClientAddress(client));
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    Observed {
        begun,
        id,
        service,
        span,
    }
}

impl Observed {
    /// Waits for the answer, whatever happens.
    pub(super) async fn until_answered(self, answer: impl Future<Output = Response>) -> Response {
        let Self {
            begun,
            id,
            service,
            span,
        } = self;
        let outcome = AssertUnwindSafe(answer)
            .catch_unwind()
            .instrument(span.clone())
            .await;
        let mut response = outcome.unwrap_or_else(|panic| span.in_scope(|| panicked(&panic)));
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        let elapsed = begun.elapsed();
        let status = response.status();
        span.in_scope(|| tracing::debug!(status = status.as_u16(), micros = elapsed.as_micros(), "answered"));
        counter!("ferrobase_http_requests_total", "service" => service, "status" => status_class(status))
            .increment(1);
        histogram!("ferrobase_http_request_seconds", "service" => service).record(elapsed.as_secs_f64());
        response
    }
}

/// The client's own id if it is harmless, else a random one.
fn request_id(request: &Request) -> Arc<str> {
    let given = request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    let is_harmless = |id: &&str| {
        !id.is_empty()
            && id.len() <= LONGEST_ID
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    match given.filter(is_harmless) {
        Some(id) => id.into(),
        None => next_id().into(),
    }
}

/// An id of this process and its next number: unique without asking for randomness every time.
fn next_id() -> String {
    static PROCESS: LazyLock<u64> = LazyLock::new(|| u64::from_be_bytes(ferrobase_jwt::Random.bytes()));
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{:016x}-{:x}", *PROCESS, NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The first path segment where it names a service: a fixed set, so that clients cannot make up labels.
fn service_of(path: &str) -> &'static str {
    match path.split('/').nth(1) {
        Some("auth") => "auth",
        Some("rest") => "rest",
        Some("storage") => "storage",
        Some("realtime") => "realtime",
        Some("functions") => "functions",
        _ => "gateway",
    }
}

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Response {
    let reason = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(reason = reason.unwrap_or("unknown"), "a handler panicked");
    let body = Json(
        json!({ "code": 500, "error_code": "unexpected_failure", "msg": "Unexpected failure, please check server logs for more information" }),
    );
    (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
}
