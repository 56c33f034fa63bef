//! What every request passes before a service sees it (design.md §3.7), outermost first:
//!
//! 1. [`observe`]: request id, log span, metrics, panics;
//! 2. [`cors`]: preflights are answered, answers are marked;
//! 3. compression, for clients that want it;
//! 4. [`identify`]: API key and bearer token become a [`ferrobase_http::Caller`].
//!
//! They are plain functions around each other, not layers: a layer per step costs as much as a small read.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Method;
use axum::http::header::ACCEPT_ENCODING;
use axum::http::uri::{PathAndQuery, Uri};
use axum::response::Response;
use axum::routing::{any, get};
use ferrobase_db::Pool;
use ferrobase_jwt::{ProjectKeys, TokenKeys};
use ferrobase_telemetry::Metrics;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tower::{Layer as _, Service, ServiceExt as _, service_fn};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

use crate::third_party::ThirdParties;

mod cors;
mod discovery;
mod identify;
mod lingering;
mod observe;
mod refusal;
mod service;
mod unserved;

/// Answers shorter than this are not compressed: it would cost more than it saves.
const COMPRESS_ABOVE: u64 = 2048;

/// Where the data API is.
const DATA_API: &str = "/rest/v1";

/// Where objects and buckets are.
const STORAGE: &str = "/storage/v1";

/// Where channels are.
const REALTIME: &str = "/realtime/v1";

/// What the gateway needs to know.
#[derive(Clone)]
pub(crate) struct Gateway(Arc<Inner>);

struct Inner {
    keys: ProjectKeys,
    tokens: TokenKeys,
    third_parties: ThirdParties,
    metrics: Metrics,
    pool: Pool,
}

impl Gateway {
    pub(crate) fn new(
        keys: ProjectKeys,
        tokens: TokenKeys,
        third_parties: ThirdParties,
        metrics: Metrics,
        pool: Pool,
    ) -> Self {
        Self(Arc::new(Inner {
            keys,
            tokens,
            third_parties,
            metrics,
            pool,
        }))
    }

    /// The way in to everything.
    pub(crate) fn front(self, services: Services) -> Front {
        let own = Router::new()
            .route("/health", get(service::health))
            .route("/metrics", get(service::metrics))
            .route("/.well-known/jwks.json", get(service::jwks))
            .with_state(self.clone());
        let mut router = Router::new();
        if let Some(auth) = services.auth {
            router = router.nest_service("/auth/v1", auth);
        }
        for prefix in unserved::PREFIXES {
            router = router
                .route(prefix, any(unserved::answer))
                .route(&format!("{prefix}/{{*rest}}"), any(unserved::answer));
        }
        Front(Arc::new(Behind {
            gateway: self,
            own,
            services: router.fallback(refusal::no_route),
            rest: services.rest,
            storage: services.storage,
            realtime: services.realtime,
        }))
    }
}

/// The services that are on.
pub(crate) struct Services {
    pub(crate) auth: Option<Router>,
    pub(crate) rest: Option<ferrobase_rest::State>,
    pub(crate) storage: Option<ferrobase_storage::State>,
    pub(crate) realtime: Option<ferrobase_realtime::State>,
}

/// The way in; cheap to clone.
#[derive(Clone)]
pub(crate) struct Front(Arc<Behind>);

struct Behind {
    gateway: Gateway,
    /// The gateway's own endpoints, for which nobody needs a key.
    own: Router,
    services: Router,
    /// Not in the router, whose search and rewriting of paths costs more than the data API's own.
    rest: Option<ferrobase_rest::State>,
    /// As well, since its paths are keys.
    storage: Option<ferrobase_storage::State>,
    /// As well, since its sockets outlive the request.
    realtime: Option<ferrobase_realtime::State>,
}

impl Service<Request> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let front = self.clone();
        async move { Ok(front.answer(request).await) }.boxed()
    }
}

impl Front {
    async fn answer(self, mut request: Request) -> Response {
        let observed = observe::begin(&mut request);
        observed.until_answered(self.across_origins(request)).await
    }

    async fn across_origins(&self, request: Request) -> Response {
        if let Some(preflight) = cors::preflight(&request) {
            return preflight;
        }
        let mut response = self.choose(request).await;
        cors::mark(&mut response);
        response
    }

    async fn choose(&self, mut request: Request) -> Response {
        discovery::to_service(&mut request);
        if is_own(request.uri().path()) {
            let Ok(response) = Box::pin(self.0.own.clone().oneshot(request)).await;
            return response;
        }
        if request.headers().contains_key(ACCEPT_ENCODING) && !is_object(&request) {
            return Box::pin(self.compressed(request)).await;
        }
        self.behind_key(request).await
    }

    async fn compressed(&self, request: Request) -> Response {
        let inner = service_fn(|request| async { Ok::<_, Infallible>(self.behind_key(request).await) });
        let compressing = CompressionLayer::new()
            .compress_when(SizeAbove::new(COMPRESS_ABOVE))
            .layer(inner);
        let Ok(response) = compressing.oneshot(request).await;
        response.map(Body::new)
    }

    async fn behind_key(&self, request: Request) -> Response {
        let request = match identify::identify(&self.0.gateway, request) {
            Ok(request) => request,
            Err(refusal) => return *refusal,
        };
        if let Some(rest) = &self.0.rest
            && is_below(request.uri().path(), DATA_API)
        {
            // On the heap: what a service keeps while it waits would otherwise be part of every frame around it.
            return Box::pin(ferrobase_rest::answer(
                rest.clone(),
                without_prefix(request, DATA_API),
            ))
            .await;
        }
        if let Some(storage) = &self.0.storage
            && is_below(request.uri().path(), STORAGE)
        {
            return Box::pin(ferrobase_storage::answer(
                storage.clone(),
                without_prefix(request, STORAGE),
            ))
            .await;
        }
        if let Some(realtime) = &self.0.realtime
            && is_below(request.uri().path(), REALTIME)
        {
            return Box::pin(ferrobase_realtime::answer(
                realtime.clone(),
                without_prefix(request, REALTIME),
            ))
            .await;
        }
        let Ok(response) = Box::pin(self.0.services.clone().oneshot(request)).await;
        response
    }
}

/// Whether the answer is an object: it goes out as it was stored, with its length and its ranges.
fn is_object(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD) && is_below(request.uri().path(), STORAGE)
}

fn is_own(path: &str) -> bool {
    matches!(path, "/health" | "/metrics" | "/.well-known/jwks.json")
}

fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The request as a service sees it that does not know where it is.
fn without_prefix(mut request: Request, prefix: &str) -> Request {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.path_and_query = parts.path_and_query.map(|whole| {
        let rest = whole.as_str().strip_prefix(prefix).unwrap_or(whole.as_str());
        let rest = if rest.starts_with('/') {
            PathAndQuery::try_from(rest)
        } else {
            PathAndQuery::try_from(format!("/{rest}"))
        };
        rest.unwrap_or(whole)
    });
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_does_not_see_where_it_is() {
        for (outside, inside) in [
            ("/rest/v1/items?id=eq.1", "/items?id=eq.1"),
            ("/rest/v1/items", "/items"),
            ("/rest/v1/", "/"),
            ("/rest/v1", "/"),
            ("/rest/v1?select=a", "/?select=a"),
            ("http://host/rest/v1/a%20b", "http://host/a%20b"),
        ] {
            let request = Request::get(outside).body(Body::empty()).unwrap_or_default();
            assert_eq!(without_prefix(request, DATA_API).uri(), inside, "{outside}");
        }
        assert!(is_below("/rest/v1", DATA_API) && is_below("/rest/v1/x", DATA_API));
        assert!(!is_below("/rest/v12", DATA_API));
    }
}
