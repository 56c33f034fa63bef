//! The shop: a database of its own with the schema and its rows, and the data API before it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use ferrobase_cluster::{Cluster, ClusterOptions};
use ferrobase_db::{Connection, Pool, PoolRole, RequestPoolOptions};
use ferrobase_http::{Caller, TokenState};
use ferrobase_jwt::Claims;
use ferrobase_rest::{Parts, RestConfig, State, TransactionEnd, run_tasks, standalone};
use secrecy::SecretString;
use serde_json::Value;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use crate::database::database;

const SCHEMA: &[&str] = &[
    include_str!("shop.sql"),
    include_str!("forum.sql"),
    include_str!("functions.sql"),
    include_str!("data.sql"),
];

/// Connections for requests.
pub(crate) const CONNECTIONS: usize = 4;

pub(crate) struct Shop {
    cluster: Cluster,
    admin: Pool,
    router: Router,
    tasks: JoinHandle<()>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// PostgreSQL calls it a syntax error, but that of a value (a text search query) or of a name that is empty.
    pub(crate) fn is_about_a_value(&self) -> bool {
        const MESSAGES: &[&str] = &[
            "syntax error in tsquery",
            "no operand in tsquery",
            "there is no escaped character",
            "zero-length delimited identifier",
        ];
        let json = self.json();
        let message = json["message"].as_str().unwrap_or_default();
        MESSAGES.iter().any(|known| message.starts_with(known))
    }

    /// The code of an error.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Shop {
    /// Opens it; callers without a token have `role`.
    pub(crate) async fn open(role: &str) -> Self {
        let mut options = ClusterOptions::new("unused", "shop", SecretString::from("unused"));
        options.ephemeral = true;
        let cluster = Cluster::start(options).await.unwrap();
        let admin = database(&cluster, cluster.superuser())
            .pool(PoolRole::Admin)
            .unwrap();
        let connection = admin.get().await.unwrap();
        for part in SCHEMA {
            connection.batch(part).await.unwrap();
        }
        drop(connection);
        let db = database(&cluster, "gate");
        let pool = RequestPoolOptions {
            max_connections: CONNECTIONS,
            acquire_timeout: Duration::from_secs(60),
            ..RequestPoolOptions::default()
        };
        let state = State::new(Parts {
            config: config(role),
            requests: db.requests(PoolRole::Admin, pool).unwrap(),
            pool: db.pool(PoolRole::Admin).unwrap(),
            verifier: None,
        });
        let tasks = tokio::spawn(run_tasks(state.clone(), std::future::pending()));
        let shop = Self {
            cluster,
            admin,
            router: standalone(state),
            tasks,
        };
        while shop.send(get("/")).await.status == 503 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        shop
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

    pub(crate) async fn close(self) {
        self.tasks.abort();
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

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// A caller whose token says `claims` (JSON).
pub(crate) fn caller(claims: &str) -> Caller {
    let claims: Claims = serde_json::from_str(claims).unwrap();
    Caller {
        token: TokenState::Valid {
            claims: Arc::new(claims),
        },
    }
}

fn config(role: &str) -> RestConfig {
    RestConfig {
        schemas: vec!["shop".to_owned(), "forum".to_owned()],
        anon_role: Some(role.to_owned()),
        transaction_end: TransactionEnd::CommitAllowOverride,
        aggregates: true,
        ..RestConfig::default()
    }
}
