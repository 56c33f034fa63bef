//! Servers and connections that go away, and come back.

use std::time::{Duration, Instant};

use ferrobase_db::{ExchangeError, RequestPool, RequestPoolOptions, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::server::{Server, ask, modes, refusal, request, requests, single, value};

const LIMIT: Duration = Duration::from_secs(1);
const CONNECTIONS: &str = "select count(*) from pg_stat_activity where usename = 'gate'";

fn several(max_connections: usize) -> RequestPoolOptions {
    RequestPoolOptions {
        max_connections,
        ..RequestPoolOptions::default()
    }
}

/// Opens all connections of a pool.
async fn open_all(pool: &RequestPool, count: usize) {
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..count {
        let pool = pool.clone();
        callers.spawn(async move { value(&pool, "reader", "select pg_sleep(0.05)").await });
    }
    callers.join_all().await;
}

#[tokio::test]
async fn who_waits_too_long_for_a_connection_is_told_so() {
    let server = Server::start().await;
    let pool = server.pool(RequestPoolOptions {
        acquire_timeout: Duration::from_millis(150),
        ..single()
    });
    let holder = pool
        .send(&request("reader", "select * from generate_series(1, 1000000)"))
        .await
        .unwrap();
    let begun = Instant::now();
    let waiting = ask(&pool, &request("reader", "select 1")).await;
    assert!(matches!(waiting, Err(ExchangeError::PoolTimeout)), "{waiting:?}");
    let waited = begun.elapsed();
    assert!(
        waited >= Duration::from_millis(150) && waited < LIMIT,
        "{waited:?}"
    );
    holder.finish().await.unwrap();
    assert_eq!(value(&pool, "reader", "select 1").await, "1");
    server.cluster.stop().await;
}

#[tokio::test]
async fn connections_that_died_idle_are_not_noticed() {
    let server = Server::start().await;
    for options in modes() {
        let pool = server.pool(RequestPoolOptions {
            max_connections: 2,
            ..options
        });
        for _ in 0..2 {
            open_all(&pool, 2).await;
            let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'gate'";
            assert_eq!(server.number(end).await, 2);
            assert!(server.becomes(CONNECTIONS, 0, LIMIT).await);
            assert_eq!(value(&pool, "reader", "select 1").await, "1");
        }
    }
    server.cluster.stop().await;
}

#[tokio::test]
async fn a_connection_that_dies_in_use_costs_one_request() {
    let server = Server::start().await;
    for options in modes() {
        let pool = server.pool(options);
        let sleeping = request("reader", "select pg_sleep(60)");
        let end = async {
            let ended = "with busy as materialized (select pid from pg_stat_activity
                             where usename = 'gate' and state = 'active' and query like '%pg_sleep(60)%')
                         select count(*) from busy where pg_terminate_backend(pid)";
            assert!(server.becomes(ended, 1, Duration::from_secs(10)).await);
        };
        let (slept, ()) = tokio::join!(ask(&pool, &sleeping), end);
        assert_eq!(refusal(slept).code, "57P01");
        assert_eq!(value(&pool, "reader", "select 1").await, "1");
    }
    server.cluster.stop().await;
}

/// Requests while the server is away: each fails at once, as unreachable.
async fn is_away(pool: &RequestPool) {
    for _ in 0..20 {
        let begun = Instant::now();
        let refused = ask(pool, &request("reader", "select 1")).await;
        assert!(
            matches!(
                refused,
                Err(ExchangeError::Unreachable(_) | ExchangeError::Lost(_))
            ),
            "{refused:?}"
        );
        assert!(begun.elapsed() < LIMIT);
    }
    let refused = ask(pool, &request("reader", "select 1")).await;
    assert!(
        matches!(refused, Err(ExchangeError::Unreachable(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_server_that_dies_is_missed_at_once_and_found_again() {
    let server = Server::start().await;
    server.sql().await.batch("checkpoint").await.unwrap();
    for options in modes() {
        let pool = server.pool(RequestPoolOptions {
            max_connections: 4,
            ..options
        });
        open_all(&pool, 4).await;
        let asking = request("reader", "select pg_sleep(60)");
        let kill = async {
            let asleep = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%' and usename = 'gate'";
            assert!(server.becomes(asleep, 1, Duration::from_secs(10)).await);
            server.kill().await;
            Instant::now()
        };
        let (in_use, killed) = tokio::join!(ask(&pool, &asking), kill);
        assert!(in_use.is_err());
        assert!(killed.elapsed() < LIMIT);
        is_away(&pool).await;
        server.cluster.restart().await.unwrap();
        assert_eq!(value(&pool, "reader", "select 1").await, "1");
        open_all(&pool, 4).await;
        assert_eq!(
            server
                .number("select count(*) from pg_stat_activity where usename = 'gate'")
                .await,
            4
        );
    }
    server.cluster.stop().await;
}

#[tokio::test]
async fn a_restart_costs_only_what_is_asked_meanwhile() {
    let server = Server::start().await;
    let pool = server.pool(several(4));
    open_all(&pool, 4).await;
    let asker = {
        let pool = pool.clone();
        tokio::spawn(async move {
            let (mut good, mut slowest) = (0, Duration::ZERO);
            loop {
                let begun = Instant::now();
                if ask(&pool, &request("reader", "select 1")).await.is_ok() {
                    good += 1;
                }
                slowest = slowest.max(begun.elapsed());
                if good >= 200 {
                    return slowest;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
    };
    server.cluster.restart().await.unwrap();
    assert_eq!(value(&pool, "reader", "select 1").await, "1");
    assert!(asker.await.unwrap() < LIMIT);
    server.cluster.stop().await;
}

#[tokio::test]
async fn too_many_connections_are_a_server_that_cannot_be_reached() {
    let server = Server::start().await;
    server
        .sql()
        .await
        .batch("alter role gate connection limit 1")
        .await
        .unwrap();
    let (first, second) = (server.pool(single()), server.pool(single()));
    assert_eq!(value(&first, "reader", "select 1").await, "1");
    match ask(&second, &request("reader", "select 1")).await {
        Err(ExchangeError::Unreachable(reason)) => assert!(reason.contains("53300"), "{reason}"),
        other => panic!("{other:?}"),
    }
    drop(first);
    assert!(server.becomes(CONNECTIONS, 0, LIMIT).await);
    assert_eq!(value(&second, "reader", "select 1").await, "1");
    server.cluster.stop().await;
}

fn at(port: u16, mode: &str) -> RequestPool {
    let url = format!("postgres://someone:secret@127.0.0.1:{port}/postgres?sslmode={mode}");
    requests(Target::Url(url), single())
}

async fn unreachable(pool: &RequestPool, limit: Duration) -> String {
    let begun = Instant::now();
    let answer = ask(pool, &request("reader", "select 1")).await;
    assert!(begun.elapsed() < limit, "{:?}", begun.elapsed());
    match answer {
        Err(ExchangeError::Unreachable(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_no_postgres_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let web_server = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut question = [0; 512];
            let _ = stream.read(&mut question).await;
            let _ = stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                .await;
        }
    });
    for mode in ["disable", "prefer", "require"] {
        unreachable(&at(port, mode), LIMIT).await;
    }
    web_server.abort();
    let _ = web_server.await;
    // Nobody listens there any more.
    unreachable(&at(port, "disable"), LIMIT).await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let reason = unreachable(&at(port, "disable"), Duration::from_secs(8)).await;
    assert_eq!(reason, "it does not answer");
    drop(listener);
}
