//! Processes killed at the wrong moment.

use std::{
    fs,
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    process::{Command, Stdio},
    time::Duration,
};

use ferrobase_cluster::{Cluster, ClusterError};
use tokio::time::sleep;

use crate::harness::{Home, Other, eventually, is_alive, kill, sql};

/// Also proves that the setting is made after the change of the uid, which would clear it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn dies_with_its_parent() {
    let home = Home::new();
    let other = Other::start(Some(&home.data_dir()), home.path());
    let server = other.server;
    assert!(is_alive(server));
    match Cluster::start(home.options()).await {
        Err(ClusterError::AlreadyRunning { pid, .. }) => assert!(pid.is_some()),
        other => panic!("a start beside another process: {other:?}"),
    }
    other.kill();
    eventually("the server has gone too", || !is_alive(server));
    // An orderly shutdown, not a crash: PostgreSQL removed its file.
    assert!(!home.data_dir().join("postmaster.pid").exists());

    // The next start may come before the server is gone, and may come after everything was killed.
    let other = Other::start(Some(&home.data_dir()), home.path());
    let server = other.server;
    other.kill();
    let cluster = Cluster::start(home.options()).await.unwrap();
    assert!(!is_alive(server));
    assert!(!cluster.is_new());
    sql(&cluster, "create table t as select 1 as n");
    cluster.stop().await;

    let other = Other::start(Some(&home.data_dir()), home.path());
    let server = other.server;
    kill(server);
    other.kill();
    let cluster = Cluster::start(home.options()).await.unwrap();
    assert_eq!(sql(&cluster, "select n from t"), "1");
    cluster.stop().await;
}

#[tokio::test]
async fn killed_in_the_middle_of_its_first_start() {
    let home = Home::new();
    let report = home.path().join("report");
    for delay in [20, 100, 200, 280, 350] {
        let mut other = Other::spawn(Some(&home.data_dir()), home.path(), &report);
        sleep(Duration::from_millis(delay)).await;
        other.kill().unwrap();
        other.wait().unwrap();
        // The next process starts at once, whatever still lives of this one.
    }
    let cluster = Cluster::start(home.options()).await.unwrap();
    assert_eq!(cluster.is_new(), !report.exists());
    assert_eq!(sql(&cluster, "select 1"), "1");
    cluster.stop().await;
}

#[tokio::test]
async fn takes_over_a_running_server() {
    let home = Home::new();
    let cluster = Cluster::start(home.options()).await.unwrap();
    cluster.seal().await.unwrap();
    let program = cluster.bin_dir().join("postgres");
    cluster.stop().await;

    let owner = fs::metadata(home.data_dir()).unwrap();
    let mut command = Command::new(program);
    command
        .arg("-D")
        .arg(home.data_dir())
        .arg("-k")
        .arg(home.data_dir())
        .current_dir("/");
    command.stderr(Stdio::null());
    if rustix::process::geteuid().is_root() {
        command.uid(owner.uid()).gid(owner.gid());
    }
    let mut survivor = command.spawn().unwrap();
    eventually("the survivor serves", || {
        home.data_dir().join(".s.PGSQL.5432").exists()
    });

    let cluster = Cluster::start(home.options()).await.unwrap();
    assert_ne!(cluster.pid(), Some(survivor.id()));
    assert!(survivor.wait().unwrap().success());

    // A killed postmaster whose children live on for a moment, and a file that names a stranger.
    let session = Command::new(cluster.bin_dir().join("psql"))
        .args(["-X", "-h"])
        .arg(cluster.socket_dir())
        .args([
            "-U",
            "supabase_admin",
            "-d",
            "postgres",
            "-c",
            "select pg_sleep(60)",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut session = session.unwrap();
    eventually("the session sleeps", || {
        sql(
            &cluster,
            "select count(*) from pg_stat_activity where query like 'select pg_sleep%'",
        ) == "1"
    });
    kill(cluster.pid().unwrap());
    cluster.exited().await;
    let file = home.data_dir().join("postmaster.pid");
    let text = fs::read_to_string(&file).unwrap();
    let rest = text.split_once('\n').unwrap().1;
    fs::write(&file, format!("{}\n{rest}", std::process::id())).unwrap();
    cluster.restart().await.unwrap();
    assert_eq!(sql(&cluster, "select 1"), "1");
    session.wait().unwrap();
    cluster.stop().await;
}
