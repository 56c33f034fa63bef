//! The data API's second listener, for those who run it: `admin-server-port` (rest.md section 23). It asks for no token;
//! who can reach it is decided by its address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::extract::{Request, State as Shared};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use ferrobase_rest::State;
use ferrobase_telemetry::{Metrics, counter, gauge};
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// Longest wait for the main listener.
const PATIENCE: Duration = Duration::from_secs(3);

/// What its answers are about.
#[derive(Debug, Clone)]
pub(super) struct Admin {
    pub(super) state: State,
    pub(super) metrics: Metrics,
    /// Where the data API listens.
    pub(super) main: SocketAddr,
}

impl Admin {
    /// Everything else is 404.
    pub(super) fn router(self) -> Router {
        Router::new()
            .route("/live", get(live))
            .route("/ready", get(ready))
            .route("/metrics", get(metrics))
            .route("/schema_cache", get(schema_cache))
            .with_state(self)
    }

    async fn is_live(&self) -> bool {
        let connected = tokio::time::timeout(PATIENCE, TcpStream::connect(reachable(self.main))).await;
        matches!(connected, Ok(Ok(_)))
    }
}

/// Counts the requests that the data API answers.
pub(super) async fn count(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let class = match response.status().as_u16() {
        ..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    };
    counter!("ferrobase_http_requests_total", "service" => "rest", "status" => class).increment(1);
    response
}

/// 200 when the main listener can be reached, 500 otherwise.
async fn live(Shared(admin): Shared<Admin>) -> StatusCode {
    if admin.is_live().await {
        StatusCode::OK
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

/// 200 when requests can be served, 503 otherwise.
async fn ready(Shared(admin): Shared<Admin>) -> StatusCode {
    if admin.is_live().await && admin.state.is_ready().await {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// Prometheus metrics: of the process, of requests, and how much is in the schema cache.
async fn metrics(Shared(admin): Shared<Admin>) -> Response {
    let names = admin.state.names_in_cache();
    let count = |names: &[(String, String)]| {
        #[allow(clippy::cast_precision_loss, reason = "a count of relations or routines")]
        let count = names.len() as f64;
        count
    };
    let (relations, routines) = names.map_or((0.0, 0.0), |names| {
        (count(&names.relations), count(&names.routines))
    });
    gauge!("ferrobase_rest_relations").set(relations);
    gauge!("ferrobase_rest_routines").set(routines);
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4")],
        admin.metrics.render(),
    )
        .into_response()
}

/// Schemas and names of relations and routines. PostgREST dumps all of its cache, in a shape that follows its program's; the
/// names are what tells whether a reload has arrived. 503 until there is a cache.
async fn schema_cache(Shared(admin): Shared<Admin>) -> Response {
    let Some(names) = admin.state.names_in_cache() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let list = |names: Vec<(String, String)>| -> Vec<Value> {
        let objects = names.into_iter();
        objects
            .map(|(schema, name)| json!({ "schema": schema, "name": name }))
            .collect()
    };
    Json(json!({ "relations": list(names.relations), "routines": list(names.routines) })).into_response()
}

/// A listener on every address is reached on this machine's own.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_reached_on_the_own_one() {
        for (listening, reached) in [
            ("0.0.0.0:3000", "127.0.0.1:3000"),
            ("[::]:3000", "[::1]:3000"),
            ("10.0.0.1:3000", "10.0.0.1:3000"),
        ] {
            assert_eq!(reachable(listening.parse().unwrap()), reached.parse().unwrap());
        }
    }
}
