//! New clusters that are copies of a finished one.

use std::sync::atomic::{AtomicUsize, Ordering};

use ferrobase_cluster::{Cluster, ClusterError, ClusterOptions, Template};

use crate::harness::{Home, sql};

fn options(home: &Home, key: &str) -> ClusterOptions {
    let mut options = home.options();
    options.ephemeral = true;
    options.template = Some(Template {
        dir: home.path().join("templates"),
        key: key.to_owned(),
    });
    options
}

async fn make(options: &mut ClusterOptions, made: &AtomicUsize) {
    let fill = async |cluster: &Cluster| {
        made.fetch_add(1, Ordering::Relaxed);
        sql(cluster, "create table told as select 7 as n");
        Ok::<_, ClusterError>(())
    };
    Cluster::make_template(options, fill).await.unwrap();
}

#[tokio::test]
async fn of_several_processes_one_makes_it_and_all_copy_it() {
    let (home, made) = (Home::new(), AtomicUsize::new(0));
    let one = async || {
        let mut options = options(&home, "a");
        make(&mut options, &made).await;
        let cluster = Cluster::start(options).await.unwrap();
        assert!(cluster.is_new());
        assert_eq!(sql(&cluster, "select n from told"), "7");
        // What was switched off for the template is the copy's own business.
        assert_eq!(sql(&cluster, "show full_page_writes"), "off");
        sql(&cluster, "insert into told values (8)");
        cluster.stop().await;
    };
    tokio::join!(one(), one(), one());
    assert_eq!(made.load(Ordering::Relaxed), 1);

    // A lasting one is a copy too, with its own settings.
    let mut lasting = options(&home, "a");
    lasting.ephemeral = false;
    assert!(Cluster::is_needed(&lasting));
    let cluster = Cluster::start(lasting.clone()).await.unwrap();
    assert_eq!(sql(&cluster, "select count(*) from told"), "1");
    assert_eq!(sql(&cluster, "show fsync"), "on");
    cluster.seal().await.unwrap();
    cluster.stop().await;
    assert!(!Cluster::is_needed(&lasting));

    // Another baseline is another template.
    make(&mut options(&home, "b"), &made).await;
    assert_eq!(made.load(Ordering::Relaxed), 2);
    let left: Vec<_> = std::fs::read_dir(home.path().join("templates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".template-lock"))
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[tokio::test]
async fn a_template_that_is_not_whole_is_made_anew() {
    let (home, made) = (Home::new(), AtomicUsize::new(0));
    make(&mut options(&home, "a"), &made).await;
    let folder = std::fs::read_dir(home.path().join("templates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap();
    std::fs::remove_file(folder.join("global/pg_control")).unwrap();
    // This start goes without.
    let cluster = Cluster::start(options(&home, "a")).await.unwrap();
    assert_eq!(sql(&cluster, "select to_regclass('told') is null"), "t");
    cluster.stop().await;
    make(&mut options(&home, "a"), &made).await;
    assert_eq!(made.load(Ordering::Relaxed), 2);
    let cluster = Cluster::start(options(&home, "a")).await.unwrap();
    assert_eq!(sql(&cluster, "select n from told"), "7");
    cluster.stop().await;
}

#[tokio::test]
async fn what_fails_leaves_nothing() {
    let home = Home::new();
    let failing = async |_: &Cluster| Err(ClusterError::Stopped);
    let failed = Cluster::make_template(&mut options(&home, "a"), failing).await;
    assert!(matches!(failed, Err(ClusterError::Stopped)));
    let cluster = Cluster::start(options(&home, "a")).await.unwrap();
    assert!(cluster.is_new());
    cluster.stop().await;
    make(&mut options(&home, "a"), &AtomicUsize::new(0)).await;
}
