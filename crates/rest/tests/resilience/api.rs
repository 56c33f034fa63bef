//! A database of its own, and the data API before it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use ferrobase_cluster::{Cluster, ClusterOptions};
use ferrobase_db::{Connection, Executor as _, Pool, PoolRole, RequestPoolOptions};
use ferrobase_http::{Caller, TokenState};
use ferrobase_jwt::Claims;
use ferrobase_rest::{Parts, RestConfig, State, run_tasks, standalone};
use secrecy::SecretString;
use serde_json::Value;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use crate::database::database;

/// Most connections of requests.
pub(crate) const CONNECTIONS: usize = 4;

/// Event triggers that tell the data API about every change.
pub(crate) const WATCH: &str = include_str!("watch.sql");

/// Connections of requests: all of the login but the one that listens.
pub(crate) const REQUEST_CONNECTIONS: &str =
    "select count(*) from pg_stat_activity where usename = 'gate' and query not ilike 'listen%'";

pub(crate) struct Api {
    pub(crate) cluster: Cluster,
    admin: Pool,
    router: Router,
    tasks: Option<JoinHandle<()>>,
}

/// An answer.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The code of an error.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Api {
    /// Open and loaded.
    pub(crate) async fn open() -> Self {
        Self::open_with("").await
    }

    /// With more SQL behind the usual schema.
    pub(crate) async fn open_with(sql: &str) -> Self {
        let mut api = Self::closed().await;
        api.sql().await.batch(sql).await.unwrap();
        api.begin();
        assert!(
            api.is_loaded(Duration::from_secs(60)).await,
            "the schema cache is not loaded"
        );
        api
    }

    /// The database is there, the data API has not begun to look at it.
    pub(crate) async fn closed() -> Self {
        let mut options = ClusterOptions::new("unused", "resilience", SecretString::from("unused"));
        options.ephemeral = true;
        let cluster = Cluster::start(options).await.unwrap();
        let admin = database(&cluster, cluster.superuser())
            .pool(PoolRole::Admin)
            .unwrap();
        admin
            .get()
            .await
            .unwrap()
            .batch(include_str!("api.sql"))
            .await
            .unwrap();
        // A server that is killed may forget what was not written.
        admin.get().await.unwrap().batch("checkpoint").await.unwrap();
        Self {
            cluster,
            admin,
            router: Router::new(),
            tasks: None,
        }
    }

    /// Serves.
    pub(crate) fn begin(&mut self) {
        let state = self.state(|_| ());
        self.tasks = Some(tokio::spawn(run_tasks(state.clone(), std::future::pending())));
        self.router = standalone(state);
    }

    /// A further data API before the same database, with settings of its own.
    pub(crate) fn state(&self, change: impl FnOnce(&mut RestConfig)) -> State {
        let mut config = RestConfig {
            schemas: vec!["api".to_owned(), "spare".to_owned()],
            anon_role: Some("visitor".to_owned()),
            pool_size: CONNECTIONS,
            ..RestConfig::default()
        };
        change(&mut config);
        let pool = RequestPoolOptions {
            max_connections: config.pool_size,
            acquire_timeout: config.pool_wait,
            prepared_statements: if config.prepared_statements { 256 } else { 0 },
            pipeline: config.pipeline,
            ..RequestPoolOptions::default()
        };
        State::new(Parts {
            config,
            requests: database(&self.cluster, "gate")
                .requests(PoolRole::Admin, pool)
                .unwrap(),
            pool: database(&self.cluster, "keeper").pool(PoolRole::Admin).unwrap(),
            verifier: None,
        })
    }

    async fn is_loaded(&self, limit: Duration) -> bool {
        self.becomes(limit, get("/kind"), |answer| answer.status == 200)
            .await
    }

    /// Whether the answer becomes as wanted within `limit`.
    pub(crate) async fn becomes(
        &self,
        limit: Duration,
        request: Request<Body>,
        is_wanted: impl Fn(&Answer) -> bool,
    ) -> bool {
        let begun = Instant::now();
        let (parts, _) = request.into_parts();
        loop {
            let request = Request::from_parts(parts.clone(), Body::empty());
            if is_wanted(&self.send(request).await) {
                return true;
            }
            if begun.elapsed() > limit {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The answer to a request.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        answer(self.router.clone(), request).await
    }

    /// For requests of other tasks.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// A connection of the superuser.
    pub(crate) async fn sql(&self) -> Connection {
        self.admin.get().await.unwrap()
    }

    /// A number that the superuser asks for.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.sql().await.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Whether `sql` gives `wanted` within `limit`.
    pub(crate) async fn counts(&self, limit: Duration, sql: &str, wanted: i64) -> bool {
        let begun = Instant::now();
        while self.number(sql).await != wanted {
            if begun.elapsed() > limit {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        true
    }

    /// Kills the server without a farewell and waits until it is gone.
    pub(crate) async fn kill(&self) {
        let exited = self.cluster.exited();
        let pid = self.cluster.pid().unwrap().to_string();
        let killed = std::process::Command::new("kill").args(["-QUIT", &pid]).status();
        assert!(killed.unwrap().success());
        exited.await;
    }

    pub(crate) async fn close(self) {
        if let Some(tasks) = &self.tasks {
            assert!(!tasks.is_finished(), "the background work has ended");
            tasks.abort();
        }
        self.cluster.stop().await;
    }
}

/// The answer of a router to a request.
pub(crate) async fn answer(router: Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        text: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

pub(crate) fn post(path: &str, body: &str) -> Request<Body> {
    Request::post(path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

/// The request with a token that says `role`.
pub(crate) fn by(role: &str, request: Request<Body>) -> Request<Body> {
    with_claims(serde_json::json!({ "role": role }), request)
}

/// The request with a token.
pub(crate) fn with_claims(claims: Value, mut request: Request<Body>) -> Request<Body> {
    let claims: Claims = serde_json::from_value(claims).unwrap();
    request.extensions_mut().insert(Caller {
        token: TokenState::Valid {
            claims: Arc::new(claims),
        },
    });
    request
}
