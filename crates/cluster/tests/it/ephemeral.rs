//! Throw-away clusters leave nothing.

use ferrobase_cluster::Cluster;

use crate::harness::{Home, Other, eventually, sql};

#[tokio::test]
async fn nothing_is_left() {
    let home = Home::new();
    let killed = Other::start(None, home.path());
    let left = killed.data_dir.clone();
    assert!(left.starts_with(home.path()), "{}", left.display());
    let other = Other::start(None, home.path());
    assert!(left.exists(), "a living run's directory is not swept");
    let server = killed.server;
    killed.kill();
    let next = Other::start(None, home.path());
    eventually("the killed run's directory is swept", || {
        !left.parent().unwrap().exists()
    });
    assert!(!crate::harness::is_alive(server));
    for other in [other, next] {
        let dir = other.data_dir.clone();
        other.stop();
        assert!(!dir.parent().unwrap().exists());
    }
}

#[tokio::test]
async fn is_fast_and_loose() {
    let home = Home::new();
    let mut options = home.options();
    options.ephemeral = true;
    let cluster = Cluster::start(options).await.unwrap();
    assert!(cluster.is_new());
    assert_eq!(sql(&cluster, "show fsync"), "off");
    cluster.seal().await.unwrap();
    let (data, sockets) = (
        cluster.data_dir().to_path_buf(),
        cluster.socket_dir().to_path_buf(),
    );
    cluster.stop().await;
    assert!(!data.exists() && !sockets.exists());
    assert!(!home.data_dir().exists());
}
