//! Small reads that share a connection: each is still a request of its own.

use std::time::{Duration, Instant};

use ferrobase_db::{Exchange, ExchangeError, RequestPool, RequestPoolOptions};
use tokio::task::JoinSet;

use crate::server::{Server, refusal, request, rows, statement};

const LIMIT: Duration = Duration::from_secs(1);
const ASLEEP: &str =
    "select count(*) from pg_stat_activity where usename = 'gate' and wait_event = 'PgSleep'";

/// Says who asks, after so many seconds.
const SAY: &str = "select current_user, current_setting('request.mark'), pg_sleep($1::float8)";

fn say(role: &'static str, mark: &str, seconds: &'static str) -> Exchange<'static> {
    let context = "select set_config('role', $1, true), set_config('request.mark', $2, true)";
    let mut exchange = request(role, "");
    exchange.context = statement(context, &[]);
    exchange.context.params = vec![
        Some(role.as_bytes().into()),
        Some(mark.as_bytes().to_vec().into()),
    ];
    exchange.main = statement(SAY, &[]);
    exchange.main.params = vec![Some(seconds.as_bytes().into())];
    exchange
}

async fn ask(pool: &RequestPool, exchange: Exchange<'static>) -> Result<Vec<String>, ExchangeError> {
    rows(pool.send_shared(exchange).await?).await
}

/// Callers at the same time, until `count` requests of each were answered rightly.
async fn many(pool: &RequestPool, count: usize) {
    let mut callers = JoinSet::new();
    for caller in 0..24 {
        let pool = pool.clone();
        callers.spawn(async move {
            for round in 0..count {
                let role = if (caller + round) % 2 == 0 {
                    "reader"
                } else {
                    "writer"
                };
                let mark = format!("{caller}-{round}");
                let said = ask(&pool, say(role, &mark, "0")).await.unwrap();
                assert_eq!(said, [format!("{role}|{mark}|")]);
            }
        });
    }
    callers.join_all().await;
}

fn options(max_connections: usize) -> RequestPoolOptions {
    RequestPoolOptions {
        max_connections,
        ..RequestPoolOptions::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_the_answer_to_the_own_question() {
    let server = Server::start().await;
    for prepared_statements in [256, 2, 0] {
        let pool = server.pool(RequestPoolOptions {
            prepared_statements,
            ..options(4)
        });
        many(&pool, 40).await;
        let connections = server
            .number("select count(*) from pg_stat_activity where usename = 'gate'")
            .await;
        assert!(connections <= 4, "{connections} connections");
    }
    server.cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_fails_fails_alone() {
    let server = Server::start().await;
    let pool = server.pool(options(3));
    many(&pool, 5).await;
    let mut callers = JoinSet::new();
    for caller in 0..24 {
        let pool = pool.clone();
        callers.spawn(async move {
            for round in 0..20 {
                let mark = format!("{caller}-{round}");
                match caller % 4 {
                    0 => assert_eq!(refusal(ask(&pool, say("nobody", &mark, "0")).await).code, "22023"),
                    1 => assert_eq!(refusal(ask(&pool, say("reader", &mark, "x")).await).code, "22P02"),
                    2 => {
                        let refused = ask(&pool, request("reader", "select 'a\0b'")).await;
                        assert!(
                            matches!(refused, Err(ExchangeError::Unsendable(_))),
                            "{refused:?}"
                        );
                    }
                    _ => {
                        let said = ask(&pool, say("reader", &mark, "0")).await.unwrap();
                        assert_eq!(said, [format!("reader|{mark}|")]);
                    }
                }
            }
        });
    }
    callers.join_all().await;
    server.cluster.stop().await;
}

/// A statement that was quick a hundred times takes long: the others do not wait for it, and it ends with its caller.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_slow_holds_nobody_up() {
    let server = Server::start().await;
    let pool = server.pool(options(4));
    for _ in 0..3 {
        many(&pool, 10).await;
        let slow: Vec<_> = ["reader", "writer"]
            .map(|role| {
                let pool = pool.clone();
                tokio::spawn(async move { ask(&pool, say(role, "slow", "60")).await })
            })
            .into();
        assert!(server.becomes(ASLEEP, 2, Duration::from_secs(10)).await);
        let begun = Instant::now();
        many(&pool, 3).await;
        assert!(begun.elapsed() < 5 * LIMIT, "{:?}", begun.elapsed());
        for slow in slow {
            slow.abort();
            assert!(slow.await.is_err());
        }
        assert!(server.becomes(ASLEEP, 0, LIMIT).await, "it sleeps on for nobody");
    }
    many(&pool, 3).await;
    server.cluster.stop().await;
}

/// Callers that leave at any moment take nobody's answer with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_leaves_alone() {
    let server = Server::start().await;
    let pool = server.pool(options(3));
    many(&pool, 5).await;
    let leaving = {
        let pool = pool.clone();
        tokio::spawn(async move {
            for round in 0..400_u64 {
                let patience = Duration::from_micros(round * 37 % 3000);
                let seconds = if round % 7 == 0 { "0.05" } else { "0" };
                let _ = tokio::time::timeout(patience, ask(&pool, say("reader", "leaver", seconds))).await;
            }
        })
    };
    many(&pool, 40).await;
    leaving.await.unwrap();
    assert!(server.becomes(ASLEEP, 0, LIMIT).await);
    let open = "select count(*) from pg_stat_activity where usename = 'gate' and state <> 'idle'";
    assert!(
        server.becomes(open, 0, LIMIT).await,
        "something is still under way"
    );
    server.cluster.stop().await;
}

/// A pooler that cannot take trains gets none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_may_travel_together_nothing_does() {
    let server = Server::start().await;
    let pool = server.pool(RequestPoolOptions {
        pipeline: false,
        ..options(3)
    });
    many(&pool, 10).await;
    // In a train there is no transaction block, which a savepoint needs.
    let mut callers = JoinSet::new();
    for _ in 0..24 {
        let pool = pool.clone();
        callers.spawn(async move {
            for _ in 0..10 {
                let sent = ask(&pool, request("reader", "savepoint here")).await;
                assert!(sent.is_ok(), "sent in one train: {sent:?}");
            }
        });
    }
    callers.join_all().await;
    server.cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_costs_those_who_travel_only_its_time() {
    let server = Server::start().await;
    let pool = server.pool(options(4));
    many(&pool, 10).await;
    for is_killed in [false, true] {
        let is_over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for caller in 0..16 {
            let (pool, is_over) = (pool.clone(), std::sync::Arc::clone(&is_over));
            callers.spawn(async move {
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    let mark = caller.to_string();
                    let begun = Instant::now();
                    match ask(&pool, say("reader", &mark, "0")).await {
                        Ok(said) => assert_eq!(said, [format!("reader|{mark}|")]),
                        Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                    }
                    assert!(begun.elapsed() < LIMIT);
                }
            });
        }
        if is_killed {
            server.sql().await.batch("checkpoint").await.unwrap();
            server.kill().await;
        }
        server.cluster.restart().await.unwrap();
        assert_eq!(
            ask(&pool, say("reader", "back", "0")).await.unwrap(),
            ["reader|back|"]
        );
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        callers.join_all().await;
        many(&pool, 3).await;
    }
    server.cluster.stop().await;
}
