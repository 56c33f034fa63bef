//! Generated types against a real database. TypeScript is compared with the official generator in `e2e/suites/types.test.mjs`; here is what
//! the compiler says of Rust, and whether it reads what the database writes.
#![allow(clippy::unwrap_used, missing_docs)]

mod rust;
#[rustfmt::skip]
mod written;

use std::time::Duration;

use ferrobase_cluster::{Cluster, ClusterOptions};
use ferrobase_db::{Db, DbOptions, Pool, PoolRole, Target};
use ferrobase_typegen::{Language, generate};
use secrecy::SecretString;

/// One of everything.
const SCHEMA: &str = include_str!("../../../../e2e/suites/types/schema.sql");

pub(crate) struct Database {
    cluster: Cluster,
    target: Target,
    pub(crate) pool: Pool,
}

impl Database {
    pub(crate) async fn start() -> Self {
        let mut options = ClusterOptions::new("unused", "typegen", SecretString::from("correct horse"));
        options.ephemeral = true;
        let cluster = Cluster::start(options).await.unwrap();
        let target = Target::Socket {
            dir: cluster.socket_dir().to_owned(),
            port: cluster.port(),
            user: cluster.superuser().to_owned(),
            database: "postgres".to_owned(),
        };
        let db = Db::new(&DbOptions {
            target: target.clone(),
            max_connections: 1,
        })
        .unwrap();
        let pool = db.pool(PoolRole::Admin).unwrap();
        let connection = pool.get().await.unwrap();
        connection
            .batch("create role anon; create role authenticated;")
            .await
            .unwrap();
        connection.batch(SCHEMA).await.unwrap();
        Self {
            cluster,
            target,
            pool,
        }
    }

    pub(crate) async fn types(&self, schemas: &[&str], language: &Language) -> String {
        let schemas: Vec<String> = schemas.iter().map(|schema| (*schema).to_owned()).collect();
        generate(self.target.clone(), &schemas, language, Duration::from_secs(15))
            .await
            .unwrap()
    }

    pub(crate) async fn stop(self) {
        self.pool.close();
        self.cluster.stop().await;
    }
}
