//! What every request shares.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use ferrobase_db::{Pool, RequestPool};
use ferrobase_jwt::Verifier;

use crate::config::RestConfig;
use crate::schema::SchemaCache;

/// The state of the data API; cheap to clone.
#[derive(Clone)]
pub struct State(Arc<Inner>);

struct Inner {
    parts: Parts,
    /// The schema cache that new requests begin with; `None` until it is loaded once.
    cache: ArcSwapOption<SchemaCache>,
}

/// What the state is made of.
#[derive(Debug)]
pub struct Parts {
    /// The settings.
    pub config: RestConfig,
    /// Connections of requests.
    pub requests: RequestPool,
    /// Connections on which the schema cache is loaded.
    pub pool: Pool,
    /// Verifies tokens where no gateway did; `None` = there is no key.
    pub verifier: Option<Verifier>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("parts", &self.0.parts)
            .finish_non_exhaustive()
    }
}

impl State {
    /// Without a schema cache: requests are refused until [`crate::run_tasks`] has loaded it.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            parts,
            cache: ArcSwapOption::empty(),
        }))
    }

    pub(crate) fn config(&self) -> &RestConfig {
        &self.0.parts.config
    }

    pub(crate) fn requests(&self) -> &RequestPool {
        &self.0.parts.requests
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.0.parts.pool
    }

    pub(crate) fn verifier(&self) -> Option<&Verifier> {
        self.0.parts.verifier.as_ref()
    }

    /// The schema cache as it is now; a request keeps the one that it began with.
    pub(crate) fn cache(&self) -> Option<Arc<SchemaCache>> {
        self.0.cache.load_full()
    }

    pub(crate) fn replace_cache(&self, cache: SchemaCache) {
        self.0.cache.store(Some(Arc::new(cache)));
    }
}
