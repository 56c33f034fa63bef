//! A database that goes away and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ferrobase_db::Executor as _;
use futures_util::StreamExt as _;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::api::{Answer, Api, CONNECTIONS, REQUEST_CONNECTIONS, answer, get, post};

const LIMIT: Duration = Duration::from_secs(1);
const CLIENTS: usize = 8;
const IN_TRANSACTION: &str = "select count(*) from pg_stat_activity where state like 'idle in transaction%'";

/// What is answered while there is no database: quickly, and as PostgREST says it.
fn assert_away(answer: &Answer, took: Duration) {
    let known = ["PGRST000", "PGRST001", "PGRST002", "57P01", "57P02", "57P03"];
    assert!(known.contains(&&*answer.code()), "{answer:?}");
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.headers["retry-after"], "1");
    assert!(took < LIMIT, "{took:?}");
}

/// What one client saw.
#[derive(Default)]
struct Seen {
    good: usize,
    away: usize,
}

/// Clients that read until told to stop.
struct Load {
    is_over: Arc<AtomicBool>,
    clients: JoinSet<Seen>,
}

impl Load {
    fn begin(api: &Api) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let (router, is_over) = (api.router(), Arc::clone(&is_over));
            clients.spawn(async move {
                let mut seen = Seen::default();
                while !is_over.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    let path = format!("/item?select=id,kind(name)&id=eq.{}", client + 1);
                    let answer = answer(router.clone(), get(&path)).await;
                    if answer.status == 200 {
                        assert_eq!(answer.json()[0]["id"], client + 1);
                        seen.good += 1;
                    } else {
                        assert_away(&answer, begun.elapsed());
                        seen.away += 1;
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                }
                seen
            });
        }
        Self { is_over, clients }
    }

    async fn end(self) -> Seen {
        self.is_over.store(true, Ordering::Relaxed);
        let all = self.clients.join_all().await;
        Seen {
            good: all.iter().map(|seen| seen.good).sum(),
            away: all.iter().map(|seen| seen.away).sum(),
        }
    }
}

async fn comes_back(api: &Api) {
    assert!(
        api.becomes(LIMIT, get("/item"), |answer| answer.status == 200)
            .await
    );
    for _ in 0..50 {
        assert_eq!(api.send(get("/item?id=eq.1")).await.status, 200);
    }
    let connections = api.number(REQUEST_CONNECTIONS).await;
    assert!(
        usize::try_from(connections).unwrap() <= CONNECTIONS,
        "{connections} connections"
    );
}

#[tokio::test]
async fn restarts_under_load_cost_nothing_but_their_time() {
    let api = Api::open().await;
    let load = Load::begin(&api);
    for is_killed in [false, true, false] {
        if is_killed {
            api.kill().await;
            for _ in 0..10 {
                let begun = Instant::now();
                let answer = api.send(get("/item")).await;
                assert_away(&answer, begun.elapsed());
            }
            let answer = api.send(get("/item")).await;
            assert_eq!(answer.code(), "PGRST000", "{answer:?}");
            assert_eq!(
                answer.json()["message"],
                "Database connection error. Retrying the connection."
            );
        }
        api.cluster.restart().await.unwrap();
        comes_back(&api).await;
    }
    let seen = load.end().await;
    assert!(
        seen.good > 100 && seen.away > 0,
        "{} good, {} away",
        seen.good,
        seen.away
    );
    assert!(api.counts(LIMIT, IN_TRANSACTION, 0).await);
    api.close().await;
}

/// What was acknowledged is there, and nothing is there twice: a request that may have happened is not repeated.
#[tokio::test]
async fn writes_happen_once_or_are_reported_as_failed() {
    let api = Api::open().await;
    let is_over = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (router, is_over) = (api.router(), Arc::clone(&is_over));
        clients.spawn(async move {
            let (mut acknowledged, mut refused) = (Vec::new(), 0);
            for number in 0.. {
                let what = format!("{client}-{number}");
                let begun = Instant::now();
                let answer = answer(router.clone(), post("/trace", &format!(r#"{{"what":"{what}"}}"#))).await;
                if answer.status == 201 {
                    acknowledged.push(what);
                } else {
                    assert_away(&answer, begun.elapsed());
                    refused += 1;
                }
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
            }
            (acknowledged, refused)
        });
    }
    for _ in 0..3 {
        api.cluster.restart().await.unwrap();
        comes_back(&api).await;
    }
    is_over.store(true, Ordering::Relaxed);
    let seen = clients.join_all().await;
    let acknowledged: Vec<&str> = seen
        .iter()
        .flat_map(|(written, _)| written)
        .map(String::as_str)
        .collect();
    let refused: usize = seen.iter().map(|(_, refused)| refused).sum();
    assert!(
        acknowledged.len() > 50 && refused > 0,
        "{} and {refused}",
        acknowledged.len()
    );
    let sql = "select count(*) from unnest(string_to_array($1, ',')) w where (select count(*) from api.trace where what = w) = 1";
    let there: i64 = api
        .sql()
        .await
        .query_one(sql, &[&acknowledged.join(",")])
        .await
        .unwrap()
        .get(0);
    assert_eq!(
        usize::try_from(there).unwrap(),
        acknowledged.len(),
        "acknowledged, but not there once"
    );
    assert_eq!(
        api.number("select count(*) - count(distinct what) from api.trace")
            .await,
        0
    );
    api.close().await;
}

/// Its length was promised, so the client must learn that the rest is missing.
#[tokio::test]
async fn an_answer_that_breaks_off_does_not_look_complete() {
    let api = Api::open().await;
    let answer = api.router().oneshot(get("/rpc/rows?count=200000")).await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut body = answer.into_body().into_data_stream();
    assert!(body.next().await.unwrap().is_ok());
    api.kill().await;
    let mut is_broken = false;
    while let Some(chunk) = body.next().await {
        is_broken |= chunk.is_err();
    }
    assert!(is_broken, "it ended as if it were complete");
    api.cluster.restart().await.unwrap();
    comes_back(&api).await;
    api.close().await;
}

/// Nobody could tell the data API about the change: it looks again by itself.
#[tokio::test]
async fn a_change_that_was_made_meanwhile_is_seen() {
    let api = Api::open().await;
    api.sql()
        .await
        .batch("alter role gate nologin; alter role keeper nologin")
        .await
        .unwrap();
    api.cluster.restart().await.unwrap();
    let admin = api.sql().await;
    admin
        .batch("create table api.fresh (id int primary key); insert into api.fresh values (5)")
        .await
        .unwrap();
    assert_eq!(api.send(get("/item")).await.code(), "PGRST000");
    admin
        .batch("alter role gate login; alter role keeper login")
        .await
        .unwrap();
    let is_served = |answer: &Answer| answer.status == 200;
    assert!(api.becomes(2 * LIMIT, get("/fresh"), is_served).await);
    assert_eq!(api.send(get("/fresh")).await.text, r#"[{"id":5}]"#);
    // And it listens again.
    admin
        .batch("create table api.fresher (id int primary key); notify pgrst")
        .await
        .unwrap();
    assert!(api.becomes(LIMIT, get("/fresher"), is_served).await);
    api.close().await;
}

#[tokio::test]
async fn without_a_database_at_the_start_it_waits_for_one() {
    let mut api = Api::closed().await;
    api.kill().await;
    api.begin();
    for _ in 0..20 {
        let begun = Instant::now();
        let answer = api.send(get("/item")).await;
        assert_away(&answer, begun.elapsed());
        assert_eq!(answer.code(), "PGRST002");
        let message = "Could not query the database for the schema cache. Retrying.";
        assert_eq!(answer.json()["message"], message);
    }
    api.cluster.restart().await.unwrap();
    assert!(
        api.becomes(2 * LIMIT, get("/item"), |answer| answer.status == 200)
            .await
    );
    api.close().await;
}

/// Connections that are all busy are no outage, but nobody waits for ever.
#[tokio::test]
async fn too_many_slow_requests_make_others_wait_and_then_refuse_them() {
    let api = Api::open().await;
    let state = api.state(|config| {
        config.pool_size = 1;
        config.pool_wait = Duration::from_millis(150);
        config.channel = None;
    });
    let tasks = tokio::spawn(ferrobase_rest::run_tasks(state.clone(), std::future::pending()));
    let router = ferrobase_rest::standalone(state);
    let asleep = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
    while answer(router.clone(), get("/item")).await.status == 503 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let nap = tokio::spawn(answer(router.clone(), post("/rpc/nap", r#"{"seconds":60}"#)));
    assert!(api.counts(10 * LIMIT, asleep, 1).await);
    let begun = Instant::now();
    let refused = answer(router.clone(), get("/item")).await;
    assert_eq!(
        (refused.status, &*refused.code()),
        (504, "PGRST003"),
        "{refused:?}"
    );
    assert_eq!(
        refused.json()["message"],
        "Timed out acquiring connection from connection pool."
    );
    assert!(begun.elapsed() < LIMIT);
    nap.abort();
    let _ = nap.await;
    assert!(api.counts(LIMIT, asleep, 0).await);
    assert_eq!(answer(router, get("/item")).await.status, 200);
    tasks.abort();
    api.close().await;
}
