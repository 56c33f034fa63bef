//! Round trips: what is written for two schemas makes the one the other.
#![allow(clippy::unwrap_used, missing_docs)]

mod fragments;
mod pairs;

use ferrobase_cluster::{Cluster, ClusterOptions};
use ferrobase_db::{Connection, Db, DbOptions, PoolRole};
use ferrobase_schemadiff::{Target, differences};
use secrecy::SecretString;

pub(crate) struct Server {
    cluster: Cluster,
    count: usize,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let mut options = ClusterOptions::new("unused", "schemadiff", SecretString::from("correct horse"));
        options.ephemeral = true;
        let cluster = Cluster::start(options).await.unwrap();
        let server = Self { cluster, count: 0 };
        let maintenance = server.connect("supabase_admin", "postgres").await;
        maintenance
            .batch("create role postgres login superuser; create role anon; create role authenticated; create role service_role;")
            .await
            .unwrap();
        server
    }

    async fn connect(&self, user: &str, database: &str) -> Connection {
        let db = Db::new(&DbOptions {
            target: Target::Socket {
                dir: self.cluster.socket_dir().to_owned(),
                port: self.cluster.port(),
                user: user.to_owned(),
                database: database.to_owned(),
            },
            max_connections: 1,
        });
        db.unwrap().pool(PoolRole::Admin).unwrap().get().await.unwrap()
    }

    /// A database with this schema.
    pub(crate) async fn database(&mut self, schema: &str) -> Connection {
        self.count += 1;
        let name = format!("database_{}", self.count);
        let maintenance = self.connect("postgres", "postgres").await;
        maintenance
            .batch(&format!("create database {name}"))
            .await
            .unwrap();
        let connection = self.connect("postgres", &name).await;
        connection
            .batch(schema)
            .await
            .unwrap_or_else(|error| panic!("{error:?}\n{schema}"));
        connection
    }

    pub(crate) async fn stop(self) {
        self.cluster.stop().await;
    }
}

/// Makes `from` the same as `to` by what is written; returns that.
pub(crate) async fn turn_into(from: &Connection, to: &Connection) -> Vec<String> {
    let statements = differences(from, to, &[]).await.unwrap();
    // In one go, as a migration runs: all of it is one transaction.
    let script = statements.join(";\n");
    if let Err(error) = from.batch(&script).await {
        panic!("{error:?}\n{script}");
    }
    let left = differences(from, to, &[]).await.unwrap();
    assert!(left.is_empty(), "left: {left:#?}\nafter: {script}");
    statements
}
