//! The storage schema, asked in SQL: what its functions answer, what policies let through, what is refused; on a fresh database
//! and on one that an older Supabase made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ferrobase_cluster::{Cluster, ClusterOptions};
use ferrobase_db::{BaselineOptions, Connection, Db, DbOptions, Pool, PoolRole, Target, migrate};
use secrecy::SecretString;

const HELPERS: &str = include_str!("cases.sql");

macro_rules! cases {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("cases/", $name, ".sql")))),*]
    };
}

const CASES: &[(&str, &str)] = cases![
    "changes",
    "hosted",
    "list",
    "names",
    "operations",
    "policies",
    "search",
    "uploads",
];

const FROM_2022: &str = include_str!("older/from_2022.sql");
const FROM_2025: &str = include_str!("older/from_2025.sql");
const AFTERWARDS: &str = include_str!("older/afterwards.sql");

/// As an older service found it: made by base, before the first table.
const EMPTY_SCHEMA: &str = "
    drop schema storage cascade;
    create schema storage authorization supabase_storage_admin;
    grant usage on schema storage to anon, authenticated, service_role;
    grant all on schema storage to dashboard_user, postgres;
    delete from _ferrobase.migrations where service = 'storage'";

struct Server {
    _cluster: Cluster,
    db: Db,
    admin: Pool,
}

impl Server {
    async fn start() -> Self {
        let mut options = ClusterOptions::new("unused", "storage", SecretString::from("unused"));
        options.ephemeral = true;
        let cluster = Cluster::start(options).await.unwrap();
        let target = Target::Socket {
            dir: cluster.socket_dir().to_owned(),
            port: cluster.port(),
            user: cluster.superuser().to_owned(),
            database: "postgres".to_owned(),
        };
        let db = Db::new(&DbOptions {
            target,
            max_connections: 4,
        })
        .unwrap();
        let admin = db.pool(PoolRole::Admin).unwrap();
        let server = Self {
            _cluster: cluster,
            db,
            admin,
        };
        server.migrate().await;
        server
    }

    async fn migrate(&self) -> usize {
        let options = BaselineOptions {
            database_password: None,
            jwt_secret: SecretString::from("secret"),
            jwt_exp: 3600,
        };
        migrate(&self.db, &options).await.unwrap().files
    }

    async fn sql(&self) -> Connection {
        self.admin.get().await.unwrap()
    }

    /// Runs the files of storage once more; how many there are.
    async fn again(&self) -> usize {
        let sql = "delete from _ferrobase.migrations where service = 'storage'";
        self.sql().await.batch(sql).await.unwrap();
        self.migrate().await
    }

    /// Every case in a transaction of its own, which leaves nothing behind.
    async fn hold(&self, cases: &[(&str, &str)]) {
        let connection = self.sql().await;
        let mut failed = Vec::new();
        for (name, sql) in cases {
            if let Err(error) = connection.batch(&format!("begin;{HELPERS}{sql}")).await {
                failed.push(format!("{name}: {error}"));
            }
            connection.batch("rollback").await.unwrap();
        }
        assert!(failed.is_empty(), "{}", failed.join("\n"));
    }

    async fn was_older(&self, schema: &str) {
        let connection = self.sql().await;
        connection.batch(EMPTY_SCHEMA).await.unwrap();
        connection.batch(schema).await.unwrap();
        drop(connection);
        assert!(self.migrate().await > 0);
        self.hold(&[("afterwards", AFTERWARDS)]).await;
        self.hold(CASES).await;
        assert!(self.again().await > 0);
        self.hold(&[("afterwards", AFTERWARDS)]).await;
    }
}

#[tokio::test]
async fn a_fresh_database_answers_as_the_original() {
    let server = Server::start().await;
    server.hold(CASES).await;
    assert!(server.again().await > 0);
    server.hold(CASES).await;
    assert_eq!(server.migrate().await, 0);
}

#[tokio::test]
async fn databases_of_an_older_supabase_are_brought_up_to_date() {
    let server = Server::start().await;
    server.was_older(FROM_2022).await;
    server.was_older(FROM_2025).await;
}

/// Rows that this version would take for files of today.
#[tokio::test]
async fn a_database_with_versions_of_objects_is_refused() {
    let server = Server::start().await;
    let versions = "insert into storage.buckets (id, name) values ('b', 'b'); \
        insert into storage.objects (bucket_id, name, archived_at) values ('b', 'k', now()); \
        delete from _ferrobase.migrations where service = 'storage'";
    server.sql().await.batch(versions).await.unwrap();
    let options = BaselineOptions {
        database_password: None,
        jwt_secret: SecretString::from("secret"),
        jwt_exp: 3600,
    };
    let error = format!("{:?}", migrate(&server.db, &options).await.unwrap_err());
    assert!(error.contains("has older versions of objects"), "{error}");
}

#[test]
fn every_case_is_listed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/storage/cases");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    let listed: Vec<String> = CASES.iter().map(|(name, _)| format!("{name}.sql")).collect();
    assert_eq!(found, listed);
}
