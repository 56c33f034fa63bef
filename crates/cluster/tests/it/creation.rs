//! What becomes of a data directory that is not a good one.

use std::fs;

use ferrobase_cluster::{Cluster, ClusterError};

use crate::harness::{Home, sql};

#[tokio::test]
async fn an_unsealed_cluster_is_made_anew() {
    let home = Home::new();
    let cluster = Cluster::start(home.options()).await.unwrap();
    sql(&cluster, "create table t ()");
    cluster.stop().await;

    let cluster = Cluster::start(home.options()).await.unwrap();
    assert!(cluster.is_new());
    assert_eq!(sql(&cluster, "select to_regclass('t') is null"), "t");
    cluster.seal().await.unwrap();
    cluster.stop().await;
    assert!(!home.path().join("pgdata.unsealed").exists());

    // The settings of this start are wrong: PostgreSQL's own words are in the error.
    let mut options = home.options();
    options.settings = vec![("no_such_setting".into(), "1".into())];
    let error = Cluster::start(options).await.unwrap_err();
    assert!(error.to_string().contains("no_such_setting"), "{error}");

    // Data of another major version.
    fs::write(home.data_dir().join("PG_VERSION"), "99\n").unwrap();
    let error = Cluster::start(home.options()).await.unwrap_err();
    assert!(
        matches!(error, ClusterError::WrongMajor { made_by: 99, .. }),
        "{error:?}"
    );
    let found = format!("found here: {}", cluster.version());
    let text = error.to_string();
    assert!(text.contains("PostgreSQL 99") && text.contains(&found), "{text}");
}

#[tokio::test]
async fn a_strangers_directory_is_left_alone() {
    let home = Home::new();
    // Given to the user that would serve it, so that only the contents are wrong.
    fs::create_dir(home.data_dir()).unwrap();
    fs::write(home.data_dir().join("thesis.txt"), "").unwrap();
    let nobody = rustix::process::Uid::from_raw(65_534);
    if rustix::process::geteuid().is_root() {
        rustix::fs::chown(home.data_dir(), Some(nobody), None).unwrap();
    }
    let error = Cluster::start(home.options()).await.unwrap_err();
    assert!(matches!(error, ClusterError::NotOurs { .. }), "{error:?}");
    assert!(home.data_dir().join("thesis.txt").exists());
}

#[tokio::test]
async fn an_explicit_directory_must_be_right() {
    let home = Home::new();
    let mut options = home.options();
    options.bin_dir = Some(home.path().to_path_buf());
    let error = Cluster::start(options).await.unwrap_err();
    assert!(error.to_string().contains("no `postgres`"), "{error}");
}
