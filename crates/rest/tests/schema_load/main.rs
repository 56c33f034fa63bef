//! The schema cache of a real database (`schema.sql`).
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../database/mod.rs"]
mod database;
mod functions;
mod relations;
mod relationships;

use std::sync::OnceLock;

use ferrobase_cluster::{Cluster, ClusterOptions};
use ferrobase_db::{Executor, PoolRole};
use ferrobase_rest::schema::{LoadOptions, QualifiedName, SchemaCache, load};
use secrecy::SecretString;

use self::database::database;

/// The cache, loaded once by a login without rights of its own.
fn cache() -> &'static SchemaCache {
    static CACHE: OnceLock<SchemaCache> = OnceLock::new();
    CACHE.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(load_from_a_new_cluster())
    })
}

async fn load_from_a_new_cluster() -> SchemaCache {
    let mut options = ClusterOptions::new("unused", "schema-load", SecretString::from("unused"));
    options.ephemeral = true;
    let cluster = Cluster::start(options).await.unwrap();
    let admin = database(&cluster, cluster.superuser())
        .pool(PoolRole::Admin)
        .unwrap();
    let schema = include_str!("schema.sql");
    admin.get().await.unwrap().batch(schema).await.unwrap();

    let login = database(&cluster, "login").pool(PoolRole::Admin).unwrap();
    let mut connection = login.get().await.unwrap();
    let transaction = connection.begin().await.unwrap();
    let options = LoadOptions {
        schemas: vec!["api".to_owned(), "missing".to_owned()],
        extra_search_path: vec!["extra".to_owned()],
    };
    let cache = load(&transaction, &options).await.unwrap();
    transaction.commit().await.unwrap();
    let path = connection.query_one("show search_path", &[]).await.unwrap();
    assert_ne!(
        path.get::<_, &str>(0),
        "",
        "the search path outlives the transaction"
    );
    drop(connection);
    cluster.stop().await;
    cache
}

fn api(name: &str) -> QualifiedName {
    QualifiedName::new("api", name)
}

#[test]
fn schemas_and_time_zones_are_known() {
    let cache = cache();
    assert_eq!(cache.schema_descriptions["api"], "Shop\nA small one.");
}

#[test]
fn roles_bring_the_settings_that_the_login_may_change() {
    let roles = &cache().role_settings;
    assert_eq!(roles.len(), 1, "{roles:?}");
    let customer = &roles["customer"];
    assert_eq!(customer.settings, [("statement_timeout".into(), "7s".to_owned())]);
    assert_eq!(customer.isolation.as_deref(), Some("repeatable read"));
}
