//! What every request shares.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::extract::FromRef;
use ferrobase_db::{Executor as _, Pool, RequestPool};
use ferrobase_jwt::Verifier;
use ferrobase_sql::Fragment;
use tokio::sync::Notify;

use crate::config::RestConfig;
use crate::schema::{QualifiedName, SchemaCache};

/// The data API with its connections, settings and schema cache; cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    parts: Parts,
    /// What new requests begin with.
    loaded: ArcSwap<Loaded>,
    /// Somebody wants it to be loaded again.
    wanted: Notify,
}

/// What was loaded together from the database.
struct Loaded {
    config: RestConfig,
    /// Of the settings; `None` = there is no key.
    verifier: Option<Verifier>,
    /// `None` until it is loaded once.
    cache: Option<Arc<SchemaCache>>,
    /// Fingerprints of statements whose rows PostgreSQL has to turn into JSON.
    left_to_postgres: Mutex<HashSet<u64>>,
    hasher: RandomState,
}

impl Loaded {
    fn new(config: RestConfig, verifier: Option<Verifier>, cache: Option<SchemaCache>) -> Self {
        Self {
            config,
            verifier,
            cache: cache.map(Arc::new),
            left_to_postgres: Mutex::default(),
            hasher: RandomState::new(),
        }
    }
}

/// Most statements that are remembered.
const REMEMBERED: usize = 4096;

/// Longest wait for the database's sign of life.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the data API is made of.
#[derive(Debug)]
pub struct Parts {
    /// The settings; those in the database win over them.
    pub config: RestConfig,
    /// Connections of requests.
    pub requests: RequestPool,
    /// Connections on which settings and schema cache are loaded.
    pub pool: Pool,
    /// Verifies tokens where no gateway did; `None` = there is no key. With [`RestConfig::tokens`] only until settings are
    /// loaded.
    pub verifier: Option<Verifier>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service")
            .field("parts", &self.0.parts)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// Without a schema cache: requests are refused until [`crate::run_tasks`] has loaded it.
    pub fn new(parts: Parts) -> Self {
        let loaded = Loaded::new(parts.config.clone(), parts.verifier.clone(), None);
        Self(Arc::new(Inner {
            parts,
            loaded: ArcSwap::from_pointee(loaded),
            wanted: Notify::new(),
        }))
    }

    /// Lets [`crate::run_tasks`] load settings and schema cache again. What is loaded stays until then.
    pub fn reload(&self) {
        self.0.wanted.notify_one();
    }

    pub(crate) async fn reload_wanted(&self) {
        self.0.wanted.notified().await;
    }

    /// Whether requests can be served: the schema cache is loaded and the database answers.
    pub async fn is_ready(&self) -> bool {
        if self.0.loaded.load().cache.is_none() {
            return false;
        }
        let answer = tokio::time::timeout(PATIENCE, self.pool().query("select 1", &[])).await;
        matches!(answer, Ok(Ok(_)))
    }

    /// Schemas and names of the relations and routines in the schema cache, in order; `None` until it is loaded.
    pub fn names_in_cache(&self) -> Option<CacheNames> {
        let cache = self.now().cache()?;
        Some(CacheNames {
            relations: sorted(cache.relations.keys()),
            routines: sorted(cache.routines.keys()),
        })
    }

    /// The settings that it was started with.
    pub(crate) fn first_config(&self) -> &RestConfig {
        &self.0.parts.config
    }

    pub(crate) fn requests(&self) -> &RequestPool {
        &self.0.parts.requests
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.0.parts.pool
    }

    /// Settings and schema cache as they are now.
    pub(crate) fn now(&self) -> State {
        State {
            service: self.clone(),
            loaded: self.0.loaded.load_full(),
        }
    }

    /// For requests that begin from now on.
    pub(crate) fn replace(&self, config: RestConfig, verifier: Option<Verifier>, cache: SchemaCache) {
        let loaded = Loaded::new(config, verifier, Some(cache));
        self.0.loaded.store(Arc::new(loaded));
    }
}

/// What is in the schema cache, as schemas and names.
#[derive(Debug)]
pub struct CacheNames {
    /// Tables and views.
    pub relations: Vec<(String, String)>,
    /// Functions; overloaded ones once.
    pub routines: Vec<(String, String)>,
}

fn sorted<'n>(names: impl Iterator<Item = &'n QualifiedName>) -> Vec<(String, String)> {
    let mut names: Vec<_> = names
        .map(|name| (name.schema.to_string(), name.name.to_string()))
        .collect();
    names.sort_unstable();
    names
}

/// What one request works with: settings and schema cache stay what they were when it began. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State {
    service: Service,
    loaded: Arc<Loaded>,
}

impl FromRef<Service> for State {
    fn from_ref(service: &Service) -> Self {
        service.now()
    }
}

impl State {
    pub(crate) fn config(&self) -> &RestConfig {
        &self.loaded.config
    }

    pub(crate) fn cache(&self) -> Option<Arc<SchemaCache>> {
        self.loaded.cache.clone()
    }

    pub(crate) fn requests(&self) -> &RequestPool {
        self.service.requests()
    }

    /// What a statement is remembered by.
    pub(crate) fn fingerprint(&self, sql: &Fragment) -> u64 {
        self.loaded.hasher.hash_one(sql.text())
    }

    /// Whether PostgreSQL has to turn the rows of a statement into JSON.
    pub(crate) fn is_left_to_postgres(&self, fingerprint: u64) -> bool {
        self.left_to_postgres().contains(&fingerprint)
    }

    /// Remembers that PostgreSQL has to.
    pub(crate) fn leave_to_postgres(&self, fingerprint: u64) {
        let mut statements = self.left_to_postgres();
        if statements.len() >= REMEMBERED {
            statements.clear();
        }
        statements.insert(fingerprint);
    }

    fn left_to_postgres(&self) -> MutexGuard<'_, HashSet<u64>> {
        let statements = &self.loaded.left_to_postgres;
        statements.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn verifier(&self) -> Option<&Verifier> {
        self.loaded.verifier.as_ref()
    }
}
