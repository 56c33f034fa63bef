//! Callers that go away: what they asked for ends, nothing of it stays, and the connection serves the next one.

use std::time::{Duration, Instant};

use ferrobase_db::{Exchange, ExchangeError, Executor, RequestPool, RequestPoolOptions};
use tokio::time::timeout;

use crate::server::{Server, ask, modes, request, single, statement, value};

const LIMIT: Duration = Duration::from_secs(1);
const SLEEPING: &str = "select count(*) from pg_stat_activity where usename = 'gate' and query like '%pg_sleep%' and state = 'active'";
const IN_TRANSACTION: &str =
    "select count(*) from pg_stat_activity where usename = 'gate' and state like 'idle in transaction%'";

/// Asks, and goes away as soon as the server sleeps.
async fn abandon(server: &Server, pool: &RequestPool, exchange: &Exchange<'_>) {
    tokio::select! {
        answer = ask(pool, exchange) => panic!("it did not sleep: {answer:?}"),
        sleeps = server.becomes(SLEEPING, 1, Duration::from_secs(10)) => assert!(sleeps),
    }
}

#[tokio::test]
async fn a_request_without_caller_ends_and_leaves_nothing() {
    let server = Server::start().await;
    for options in modes() {
        let pool = server.pool(options);
        let process = value(&pool, "writer", "select pg_backend_pid()").await;
        let sleeper = Exchange {
            before: Some(statement("insert into note values (1, 'half')", &[])),
            ..request("writer", "select pg_sleep(60)")
        };
        abandon(&server, &pool, &sleeper).await;
        assert!(server.becomes(SLEEPING, 0, LIMIT).await, "it sleeps on");
        assert!(
            server.becomes(IN_TRANSACTION, 0, LIMIT).await,
            "its transaction is open"
        );
        // The only connection is free again, and it is the same one.
        let begun = Instant::now();
        assert_eq!(value(&pool, "writer", "select count(*) from note").await, "0");
        assert!(begun.elapsed() < LIMIT);
        assert_eq!(value(&pool, "writer", "select pg_backend_pid()").await, process);
    }
    server.cluster.stop().await;
}

#[tokio::test]
async fn an_answer_that_nobody_reads_to_its_end_is_no_answer() {
    let server = Server::start().await;
    for options in modes() {
        let pool = server.pool(options.clone());
        let exchange = Exchange {
            before: Some(statement("insert into note values (2, 'lost')", &[])),
            ..request(
                "writer",
                "select repeat('x', 1000), pg_sleep(0.01) from generate_series(1, 10000)",
            )
        };
        if options.pipeline {
            let mut reply = timeout(Duration::from_secs(10), pool.send(&exchange))
                .await
                .unwrap()
                .unwrap();
            assert!(reply.next().await.unwrap().is_some());
            drop(reply);
        } else {
            abandon(&server, &pool, &exchange).await;
        }
        assert_eq!(value(&pool, "writer", "select count(*) from note").await, "0");
        assert!(server.becomes(IN_TRANSACTION, 0, LIMIT).await);
    }
    server.cluster.stop().await;
}

#[tokio::test]
async fn who_stops_waiting_for_a_connection_takes_none() {
    let server = Server::start().await;
    let pool = server.pool(single());
    let holder = pool
        .send(&request("reader", "select * from generate_series(1, 1000000)"))
        .await
        .unwrap();
    for _ in 0..20 {
        let waiting = timeout(
            Duration::from_millis(5),
            pool.send(&request("reader", "select 1")),
        )
        .await;
        assert!(waiting.is_err(), "there is only one connection");
    }
    drop(holder);
    assert_eq!(value(&pool, "reader", "select 7").await, "7");
    server.cluster.stop().await;
}

/// The order to cancel may arrive when its query is over. It must not hit the next one of the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_that_comes_late_hits_nobody_else() {
    let server = Server::start().await;
    let pool = server.pool(single());
    for round in 0..400 {
        let sleeper = request("reader", "select pg_sleep(0.002)");
        // Around the time when the query ends by itself.
        let patience = Duration::from_micros(1500 + 5 * round);
        let _ = timeout(patience, ask(&pool, &sleeper)).await;
        for _ in 0..3 {
            let next = ask(
                &pool,
                &request("reader", "select sum(n) from generate_series(1, 2000) n"),
            )
            .await;
            assert_eq!(next.unwrap(), ["2001000"], "round {round}");
        }
    }
    server.cluster.stop().await;
}

/// Dropped anywhere: while it waits, connects, sends, reads, or is cleaned up after.
#[tokio::test]
async fn dropped_at_any_moment_the_pool_stays_whole() {
    const CONNECTIONS: usize = 2;
    let server = Server::start().await;
    for options in modes() {
        let pool = server.pool(RequestPoolOptions {
            max_connections: CONNECTIONS,
            ..options
        });
        for round in 0..150_u64 {
            let patience = Duration::from_micros(round * 37 % 4000);
            let role = if round % 3 == 0 { "writer" } else { "reader" };
            let exchange = request(role, "select current_user, n from generate_series(1, 500) n");
            match timeout(patience, ask(&pool, &exchange)).await {
                Ok(Ok(rows)) => assert!(rows.len() == 500 && rows[499] == format!("{role}|500")),
                Ok(Err(error)) => panic!("round {round}: {error}"),
                Err(_) => {}
            }
        }
        let slow = request("reader", "select pg_sleep(0.1)");
        let both = tokio::join!(ask(&pool, &slow), ask(&pool, &slow));
        assert!(both.0.is_ok() && both.1.is_ok(), "{both:?}");
        let connections = "select count(*) from pg_stat_activity where usename = 'gate'";
        assert!(server.number(connections).await <= 2);
        assert!(server.becomes(IN_TRANSACTION, 0, LIMIT).await);
        drop(pool);
        assert!(
            server.becomes(connections, 0, LIMIT).await,
            "connections outlive their pool"
        );
    }
    server.cluster.stop().await;
}

/// Who holds the lock that another waits for must not keep it by going away.
#[tokio::test]
async fn locks_go_with_the_caller() {
    let server = Server::start().await;
    server
        .sql()
        .await
        .execute("insert into note values (1, 'a')", &[])
        .await
        .unwrap();
    let pool = server.pool(RequestPoolOptions {
        max_connections: 2,
        ..RequestPoolOptions::default()
    });
    let holder = Exchange {
        before: Some(statement("update note set text = 'b'", &[])),
        ..request("writer", "select pg_sleep(60)")
    };
    abandon(&server, &pool, &holder).await;
    let update = request("writer", "update note set text = 'c' returning text");
    let updated: Result<Vec<String>, ExchangeError> =
        timeout(LIMIT, ask(&pool, &update)).await.expect("locked");
    assert_eq!(updated.unwrap(), ["c"]);
    server.cluster.stop().await;
}
