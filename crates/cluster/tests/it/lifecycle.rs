//! Start, stop, start again, and what happens in between.

use std::{os::unix::fs::MetadataExt as _, time::Duration};

use ferrobase_cluster::{Cluster, ClusterError};
use tokio::time::{Instant, sleep, timeout};

use crate::harness::{Home, is_alive, kill, psql, sql};

#[tokio::test]
async fn data_survives_a_stop_and_a_kill() {
    let home = Home::new();
    let mut options = home.options();
    options.tcp_port = Some(0);
    options.settings = vec![("work_mem".into(), "3MB".into())];

    let cluster = Cluster::start(options.clone()).await.unwrap();
    assert!(cluster.is_new());
    assert_eq!(cluster.tcp_port(), Some(cluster.port()));
    assert_eq!(cluster.data_dir(), home.data_dir());
    assert_eq!(sql(&cluster, "show work_mem"), "3MB");
    assert_eq!(sql(&cluster, "show wal_level"), "logical");
    assert_eq!(sql(&cluster, "show server_version_num").len(), 6);
    assert!(cluster.version().major >= 15);
    let collation = "select datcollate, datctype, pg_encoding_to_char(encoding) from pg_database limit 1";
    assert!(sql(&cluster, collation).ends_with("UTF8"));
    assert_eq!(sql(&cluster, "show data_checksums"), "on");
    let dir = std::fs::metadata(cluster.socket_dir()).unwrap();
    assert_eq!(dir.mode() & 0o777, 0o700);
    sql(&cluster, "create table t as select generate_series(1, 1000)");
    cluster.seal().await.unwrap();

    // TCP wants the password.
    assert_eq!(psql(&cluster, "127.0.0.1", "select 1").unwrap(), "1");
    sql(&cluster, "alter role supabase_admin password 'another'");
    assert!(
        psql(&cluster, "127.0.0.1", "select 1")
            .unwrap_err()
            .contains("password")
    );

    match Cluster::start(options.clone()).await {
        Err(ClusterError::AlreadyRunning { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
        other => panic!("a second start: {other:?}"),
    }

    let died = cluster.exited();
    let first = cluster.pid().unwrap();
    cluster.stop().await;
    assert!(!is_alive(first));
    assert_eq!(cluster.pid(), None);
    assert!(
        timeout(Duration::from_millis(20), died).await.is_err(),
        "a stop is no accident"
    );
    assert!(matches!(cluster.restart().await, Err(ClusterError::Stopped)));

    options.tcp_port = None;
    let cluster = Cluster::start(options).await.unwrap();
    assert!(!cluster.is_new());
    assert_eq!(cluster.tcp_port(), None);
    assert_eq!(sql(&cluster, "select count(*) from t"), "1000");
    assert!(psql(&cluster, "127.0.0.1", "select 1").is_err());

    sql(&cluster, "insert into t values (1001)");
    kill(cluster.pid().unwrap());
    let exit = cluster.exited().await;
    assert!(exit.status.contains('9'), "{exit}");
    cluster.restart().await.unwrap();
    assert_eq!(sql(&cluster, "select count(*) from t"), "1001");
    cluster.restart().await.unwrap();
    assert_eq!(sql(&cluster, "select count(*) from t"), "1001");
    cluster.stop().await;
}

#[tokio::test]
async fn a_start_can_be_broken_off_at_any_moment() {
    let home = Home::new();
    let cluster = Cluster::start(home.options()).await.unwrap();
    cluster.seal().await.unwrap();
    cluster.stop().await;
    for delay in [1, 3, 6, 9, 12, 15, 20] {
        let start = Cluster::start(home.options());
        if let Ok(cluster) = timeout(Duration::from_millis(delay), start).await {
            cluster.unwrap().stop().await;
        }
        let begin = Instant::now();
        let cluster = loop {
            match Cluster::start(home.options()).await {
                Ok(cluster) => break cluster,
                // The broken off server is still shutting down, under the lock.
                Err(ClusterError::AlreadyRunning { .. }) => sleep(Duration::from_millis(2)).await,
                Err(error) => panic!("after {delay} ms: {error}"),
            }
            assert!(
                begin.elapsed() < Duration::from_secs(10),
                "the lock stays after {delay} ms"
            );
        };
        cluster.stop().await;
    }
}

#[tokio::test]
async fn a_stop_breaks_off_a_restart() {
    let home = Home::new();
    let mut options = home.options();
    options.ephemeral = true;
    let cluster = Cluster::start(options).await.unwrap();
    kill(cluster.pid().unwrap());
    cluster.exited().await;
    let (restarted, ()) = tokio::join!(cluster.restart(), async {
        sleep(Duration::from_millis(10)).await;
        cluster.stop().await;
    });
    // Whether the restart won or not, nothing is left.
    drop(restarted);
    assert_eq!(cluster.pid(), None);
    assert!(!cluster.data_dir().exists());
}
