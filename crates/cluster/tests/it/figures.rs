//! How long things take: `cargo nextest run -p ferrobase-cluster --run-ignored only --no-capture`.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use ferrobase_cluster::Cluster;

use crate::harness::{Home, kill, sql};

#[tokio::test]
#[ignore = "prints figures, checks nothing"]
async fn figures() {
    let home = Home::new();
    let begin = Instant::now();
    let cluster = Cluster::start(home.options()).await.unwrap();
    println!("first start {:?}", begin.elapsed());
    sql(&cluster, "create table t as select generate_series(1, 100000)");
    let begin = Instant::now();
    cluster.seal().await.unwrap();
    println!("seal {:?}", begin.elapsed());
    cluster.stop().await;
    for _ in 0..8 {
        let begin = Instant::now();
        let cluster = Cluster::start(home.options()).await.unwrap();
        let started = begin.elapsed();
        let begin = Instant::now();
        cluster.stop().await;
        println!("start {started:?}, stop {:?}", begin.elapsed());
    }
    let cluster = Cluster::start(home.options()).await.unwrap();
    sql(&cluster, "create table u as select generate_series(1, 100000)");
    kill(cluster.pid().unwrap());
    cluster.exited().await;
    let begin = Instant::now();
    cluster.restart().await.unwrap();
    println!("restart after a kill {:?}", begin.elapsed());
    cluster.stop().await;
}
