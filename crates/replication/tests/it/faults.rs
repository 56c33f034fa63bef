//! Servers, connections, readers and processes that fail.

use std::time::Duration;

use ferrobase_db::Executor;
use ferrobase_replication::{Event, GapReason};

use crate::server::{Reader, Server, options};

const SLOTS: &str = "select count(*) from pg_replication_slots";
const CUT: &str = "select pg_terminate_backend(active_pid) from pg_replication_slots where active";

/// Numbers of a table `t` that come, up to `last`.
async fn numbers(reader: &mut Reader, last: i64) -> Vec<i64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        let change = reader.change().await;
        numbers.push(change.new.unwrap()[0].text().unwrap().parse().unwrap());
    }
    numbers
}

async fn with_table() -> Server {
    let server = Server::start().await;
    server
        .run("create table t (n bigint primary key, a text); alter publication feed add table t")
        .await;
    server
}

#[tokio::test]
async fn nothing_is_lost_or_told_twice_when_the_connection_is_cut() {
    let server = with_table().await;
    let mut reader = Reader::start(&server).await;
    for n in 1..=200 {
        server.run(&format!("insert into t values ({n})")).await;
        if n % 40 == 0 {
            server.run(CUT).await;
        }
    }
    assert_eq!(numbers(&mut reader, 200).await, (1..=200).collect::<Vec<_>>());
    reader.stop().await;
    assert_eq!(server.number(SLOTS).await, 0);
    server.cluster.stop().await;
}

#[tokio::test]
async fn a_large_transaction_goes_on_where_it_was_cut() {
    let server = with_table().await;
    let mut reader = Reader::start(&server).await;
    server
        .run("insert into t select n, 'row ' || n from generate_series(1, 100000) n")
        .await;
    let mut seen: i64 = 0;
    let mut begins = 0;
    loop {
        match reader.next().await {
            Event::Begin(_) => begins += 1,
            Event::Commit(_) => break,
            Event::Change(change) => {
                seen += 1;
                assert_eq!(change.new.unwrap()[0].text().unwrap(), seen.to_string());
                if seen == 30_000 || seen == 60_000 {
                    server.run(CUT).await;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((seen, begins), (100_000, 1));
    reader.stop().await;
    server.cluster.stop().await;
}

#[tokio::test]
async fn nothing_is_lost_or_told_twice_when_the_server_restarts_under_load() {
    let server = with_table().await;
    let mut reader = Reader::start(&server).await;
    let writer = {
        let admin = server.admin.clone();
        tokio::spawn(async move {
            let mut committed = Vec::new();
            let mut n = 0_i64;
            let begun = tokio::time::Instant::now();
            while begun.elapsed() < Duration::from_secs(4) {
                n += 1;
                match admin.execute("insert into t values ($1)", &[&n]).await {
                    Ok(_) => committed.push(n),
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
            committed
        })
    };
    let faults = async {
        for signal in ["-INT", "-QUIT"] {
            tokio::time::sleep(Duration::from_millis(700)).await;
            let exited = server.cluster.exited();
            let pid = server.cluster.pid().unwrap().to_string();
            let kill = std::process::Command::new("kill").args([signal, &pid]).status();
            assert!(kill.unwrap().success());
            exited.await;
            server.cluster.restart().await.unwrap();
        }
        let committed = writer.await.unwrap();
        assert!(committed.len() > 100, "{}", committed.len());
        server.run("insert into t values (1000000)").await;
    };
    let ((), told) = tokio::join!(faults, numbers(&mut reader, 1_000_000));
    // An insert whose answer was lost may have happened: the table knows.
    let stored = server
        .sql()
        .await
        .query("select n from t order by n", &[])
        .await
        .unwrap();
    let stored: Vec<i64> = stored.iter().map(|row| row.get(0)).collect();
    assert_eq!(told, stored);
    reader.stop().await;
    server.cluster.stop().await;
}

#[tokio::test]
async fn a_slot_that_is_not_limited_ends_with_its_connection_and_a_gap_is_told() {
    let server = Server::start_with(&[("max_slot_wal_keep_size", "-1")]).await;
    server
        .run("create table t (n bigint primary key); alter publication feed add table t")
        .await;
    let mut reader = Reader::start(&server).await;
    assert_eq!(
        server
            .number("select count(*) from pg_replication_slots where temporary")
            .await,
        1
    );
    server.run("insert into t values (1)").await;
    assert_eq!(reader.transaction().await, ["Insert t new 1"]);
    server.run(CUT).await;
    assert_eq!(reader.line().await, "gap: Disconnected");
    server.run("insert into t values (2)").await;
    assert_eq!(reader.transaction().await, ["Insert t new 2"]);
    reader.stop().await;
    server.becomes(SLOTS, 0).await;
    server.cluster.stop().await;
}

#[tokio::test]
async fn a_reader_that_lags_too_far_behind_is_told_so_and_memory_stays_bounded() {
    let server = with_table().await;
    let mut options = options();
    options.queue_bytes = 256 * 1024;
    options.max_lag = Some(8 * 1024 * 1024);
    let mut reader = Reader::start_with(&server, options);
    reader.is_streaming().await;
    for part in 0..8 {
        server
            .run(&format!(
                "insert into t select n, repeat('x', 1000) from generate_series({part} * 5000 + 1, {part} * 5000 + 5000) n"
            ))
            .await;
    }
    // Nobody reads for a while: the slot is given up for a new one.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut told = 0;
    loop {
        match reader.next().await {
            Event::Gap(reason) => {
                assert_eq!(reason, GapReason::TooFarBehind);
                break;
            }
            Event::Change(_) => told += 1,
            _ => {}
        }
    }
    assert!(told < 1000, "{told} rows of 1,000 bytes were held");
    server.run("insert into t values (1000000)").await;
    assert_eq!(reader.transaction().await, ["Insert t new 1000000|null"]);
    assert!(reader.status.lag().bytes < 8 * 1024 * 1024);
    reader.stop().await;
    server.cluster.stop().await;
}

#[tokio::test]
async fn a_slot_that_somebody_drops_is_a_gap() {
    let server = with_table().await;
    let mut reader = Reader::start(&server).await;
    let drop = format!("{CUT}; select pg_drop_replication_slot('test_one')");
    while server.sql().await.batch(&drop).await.is_err() {}
    assert_eq!(reader.line().await, "gap: LogRemoved");
    server.run("insert into t values (1)").await;
    assert_eq!(reader.transaction().await, ["Insert t new 1|null"]);
    reader.stop().await;
    server.cluster.stop().await;
}

#[tokio::test]
async fn a_reader_that_is_stuck_does_not_keep_the_server_from_stopping() {
    let server = with_table().await;
    let mut reader = Reader::start(&server).await;
    server
        .run("insert into t select n from generate_series(1, 10000) n")
        .await;
    let begun = tokio::time::Instant::now();
    let exited = server.cluster.exited();
    let pid = server.cluster.pid().unwrap().to_string();
    let kill = std::process::Command::new("kill").args(["-INT", &pid]).status();
    assert!(kill.unwrap().success());
    exited.await;
    assert!(begun.elapsed() < Duration::from_secs(20));
    server.cluster.restart().await.unwrap();
    assert_eq!(
        numbers(&mut reader, 10_000).await,
        (1..=10_000).collect::<Vec<_>>()
    );
    reader.stop().await;
    server.cluster.stop().await;
}

#[tokio::test]
async fn two_processes_read_the_same_database() {
    let server = with_table().await;
    let mut first = Reader::start(&server).await;
    let mut other = options();
    other.process = "two".to_owned();
    let mut second = Reader::start_with(&server, other);
    second.is_streaming().await;
    server.run("insert into t values (1)").await;
    assert_eq!(first.transaction().await, ["Insert t new 1|null"]);
    assert_eq!(second.transaction().await, ["Insert t new 1|null"]);
    first.stop().await;
    server.run("insert into t values (2)").await;
    assert_eq!(second.transaction().await, ["Insert t new 2|null"]);
    second.stop().await;
    assert_eq!(server.number(SLOTS).await, 0);
    server.cluster.stop().await;
}
