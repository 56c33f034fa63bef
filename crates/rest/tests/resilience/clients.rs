//! Clients that go away, and roles that may not take long.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt as _;
use serde_json::json;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::api::{Api, REQUEST_CONNECTIONS, answer, by, get, post, with_claims};

const LIMIT: Duration = Duration::from_secs(1);
const ASLEEP: &str = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
const ACTIVE: &str = "select count(*) from pg_stat_activity where usename = 'gate' and state <> 'idle'";

#[tokio::test]
async fn a_query_ends_when_its_client_leaves() {
    let api = Api::open().await;
    for _ in 0..3 {
        let naps: Vec<_> = (0..4)
            .map(|_| tokio::spawn(api.router().oneshot(post("/rpc/nap", r#"{"seconds":60}"#))))
            .collect();
        assert!(api.counts(10 * LIMIT, ASLEEP, 4).await);
        for nap in naps {
            nap.abort();
        }
        assert!(api.counts(LIMIT, ASLEEP, 0).await, "it sleeps on");
        assert!(api.counts(LIMIT, ACTIVE, 0).await, "a transaction is open");
        assert_eq!(api.number("select count(*) from api.trace").await, 0);
        let begun = Instant::now();
        assert_eq!(api.send(get("/item")).await.status, 200);
        assert!(begun.elapsed() < LIMIT);
    }
    assert!(api.number(REQUEST_CONNECTIONS).await <= 4);
    api.close().await;
}

#[tokio::test]
async fn an_answer_ends_when_its_client_leaves() {
    let api = Api::open().await;
    for read in 0..3 {
        let request = get("/rpc/rows?count=200000");
        let mut body = api
            .router()
            .oneshot(request)
            .await
            .unwrap()
            .into_body()
            .into_data_stream();
        for _ in 0..read {
            assert!(body.next().await.unwrap().is_ok());
        }
        assert_eq!(api.number(ACTIVE).await, 1, "the answer is all sent already");
        drop(body);
        assert!(api.counts(LIMIT, ACTIVE, 0).await);
        assert_eq!(
            api.send(get("/item?id=eq.1&select=id")).await.text,
            r#"[{"id":1}]"#
        );
    }
    api.close().await;
}

/// A body that stops coming holds no connection.
#[tokio::test]
async fn who_is_slow_to_ask_keeps_nobody_waiting() {
    let api = Api::open().await;
    let clients: Vec<_> = (0..10)
        .map(|_| {
            let body = Body::from_stream(futures_util::stream::pending::<std::io::Result<bytes::Bytes>>());
            tokio::spawn(api.router().oneshot(Request::post("/item").body(body).unwrap()))
        })
        .collect();
    for _ in 0..10 {
        let begun = Instant::now();
        assert_eq!(api.send(get("/item")).await.status, 200);
        assert!(begun.elapsed() < LIMIT);
    }
    assert_eq!(api.number(ACTIVE).await, 0);
    for client in clients {
        assert!(!client.is_finished());
        client.abort();
    }
    api.close().await;
}

#[tokio::test]
async fn a_role_has_the_time_that_it_is_given() {
    let api = Api::open().await;
    for _ in 0..2 {
        let begun = Instant::now();
        let late = api.send(by("hasty", post("/rpc/nap", r#"{"seconds":60}"#))).await;
        assert_eq!((late.status, &*late.code()), (500, "57014"), "{late:?}");
        assert_eq!(
            late.json()["message"],
            "canceling statement due to statement timeout"
        );
        assert!(begun.elapsed() < LIMIT);
        // Its time is not that of others, on the same connection.
        let nap = api
            .send(by("member", post("/rpc/nap", r#"{"seconds":0.3}"#)))
            .await;
        assert_eq!((nap.status, &*nap.text), (200, "\"awake\""));
    }
    assert_eq!(api.number("select count(*) from api.trace").await, 2);
    // The setting of the role as it was at the last load.
    api.sql()
        .await
        .batch("alter role hasty set statement_timeout = '5s'; notify pgrst")
        .await
        .unwrap();
    let nap = || by("hasty", post("/rpc/nap", r#"{"seconds":0.3}"#));
    let begun = Instant::now();
    while api.send(nap()).await.status != 200 {
        assert!(begun.elapsed() < 3 * LIMIT, "the old setting stays");
    }
    api.close().await;
}

/// However requests share connections: each has its own role and claims, and its own answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_the_answer_to_the_question_of_another() {
    let api = Api::open().await;
    let mut clients = JoinSet::new();
    for client in 0..16 {
        let router = api.router();
        clients.spawn(async move {
            for round in 0..40 {
                let role = ["visitor", "member", "leaver"][(client + round) % 3];
                let sub = format!("{client}-{round}");
                let claims = json!({ "role": role, "sub": sub });
                let answer = answer(router.clone(), with_claims(claims, get("/who"))).await;
                assert_eq!(answer.json(), json!([{ "role": role, "sub": sub }]), "{answer:?}");
                if round % 10 == 0 {
                    let refused = self::answer(router.clone(), by("ghost", get("/who"))).await;
                    assert_eq!(refused.status, 401, "{refused:?}");
                }
            }
        });
    }
    clients.join_all().await;
    assert!(api.number(REQUEST_CONNECTIONS).await <= 4);
    api.close().await;
}

/// A table that somebody locks keeps those waiting who read it, and nobody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_table_is_the_problem_of_those_who_read_it() {
    let api = Api::open().await;
    let readers = |count: usize| -> JoinSet<u16> {
        let item = || answer(api.router(), get("/item?id=eq.1"));
        let kind = || answer(api.router(), get("/kind?id=eq.1"));
        let mut readers = JoinSet::new();
        for _ in 0..count {
            let (item, kind) = (item(), kind());
            readers.spawn(async move { item.await.status.max(kind.await.status) });
        }
        readers
    };
    // Known as quick by now.
    for _ in 0..10 {
        assert!(readers(8).join_all().await.iter().all(|status| *status == 200));
    }
    let locker = api.sql().await;
    locker.batch("begin; lock table api.item").await.unwrap();
    let stuck: Vec<_> = (0..2)
        .map(|_| tokio::spawn(answer(api.router(), get("/item?id=eq.1"))))
        .collect();
    let waiting = "select count(*) from pg_stat_activity where usename = 'gate' and wait_event_type = 'Lock'";
    assert!(api.counts(10 * LIMIT, waiting, 2).await);
    for _ in 0..20 {
        let begun = Instant::now();
        assert_eq!(api.send(get("/kind?id=eq.1")).await.status, 200);
        assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
    }
    let mut stuck = stuck.into_iter();
    let leaver = stuck.next().unwrap();
    leaver.abort();
    assert!(leaver.await.is_err());
    assert!(api.counts(LIMIT, waiting, 1).await, "it waits for nobody");
    locker.batch("commit").await.unwrap();
    assert_eq!(stuck.next().unwrap().await.unwrap().status, 200);
    api.close().await;
}
