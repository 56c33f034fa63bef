//! What every request passes before a service sees it (design.md §3.7), outermost first:
//!
//! 1. [`observe`]: request id, log span, metrics, panics;
//! 2. [`cors`]: preflights are answered, answers are marked;
//! 3. compression;
//! 4. [`identify`]: API key and bearer token become a [`ferrobase_http::Caller`].

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get};
use ferrobase_db::Pool;
use ferrobase_jwt::{ProjectKeys, TokenKeys};
use ferrobase_telemetry::Metrics;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

mod cors;
mod identify;
mod observe;
mod refusal;
mod service;
mod unserved;

/// Answers shorter than this are not compressed: it would cost more than it saves.
const COMPRESS_ABOVE: u64 = 2048;

/// What the gateway needs to know.
#[derive(Clone)]
pub(crate) struct Gateway(Arc<Inner>);

struct Inner {
    keys: ProjectKeys,
    tokens: TokenKeys,
    metrics: Metrics,
    pool: Pool,
}

impl Gateway {
    pub(crate) fn new(keys: ProjectKeys, tokens: TokenKeys, metrics: Metrics, pool: Pool) -> Self {
        Self(Arc::new(Inner {
            keys,
            tokens,
            metrics,
            pool,
        }))
    }

    /// Everything behind one router.
    pub(crate) fn router(self, services: Services) -> Router {
        let mut router = Router::new();
        if let Some(auth) = services.auth {
            router = router.nest_service("/auth/v1", auth);
        }
        if let Some(rest) = services.rest {
            router = router.nest_service("/rest/v1", rest);
        }
        for prefix in unserved::PREFIXES {
            router = router
                .route(prefix, any(unserved::answer))
                .route(&format!("{prefix}/{{*rest}}"), any(unserved::answer));
        }
        let keyed = router
            .fallback(refusal::no_route)
            .layer(from_fn_with_state(self.clone(), identify::layer))
            .layer(CompressionLayer::new().compress_when(SizeAbove::new(COMPRESS_ABOVE)));
        Router::new()
            .route("/health", get(service::health))
            .route("/metrics", get(service::metrics))
            .route("/.well-known/jwks.json", get(service::jwks))
            .with_state(self)
            .merge(keyed)
            .layer(axum::middleware::from_fn(cors::layer))
            .layer(axum::middleware::from_fn(observe::layer))
    }
}

/// The services that are on.
pub(crate) struct Services {
    pub(crate) auth: Option<Router>,
    pub(crate) rest: Option<Router>,
}
