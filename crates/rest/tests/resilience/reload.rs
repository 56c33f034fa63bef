//! Schemas that change while they are served.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::api::{Answer, Api, WATCH, answer, by, get, post};

const LIMIT: Duration = Duration::from_secs(2);

fn is_served(answer: &Answer) -> bool {
    answer.status == 200
}

/// Requests of several clients until told to stop; each must succeed. Gives their number.
async fn succeed_until(api: &Api, is_over: Arc<AtomicBool>) -> usize {
    let mut clients = JoinSet::new();
    for client in 0..4 {
        let (router, is_over) = (api.router(), Arc::clone(&is_over));
        clients.spawn(async move {
            let mut count = 0;
            while !is_over.load(Ordering::Relaxed) {
                let (request, status) = match count % 4 {
                    0 => (get("/item?select=*,kind(*)&id=eq.1"), 200),
                    1 => (get("/rpc/rows?count=3"), 200),
                    2 => (by("member", get("/item?limit=3&order=name")), 200),
                    _ => {
                        let id = 10_000 * (client + 1) + count;
                        (
                            post("/item", &format!(r#"{{"id":{id},"name":"n","kind_id":1}}"#)),
                            201,
                        )
                    }
                };
                let path = request.uri().to_string();
                let answer = answer(router.clone(), request).await;
                assert_eq!(answer.status, status, "{path}: {answer:?}");
                count += 1;
            }
            count
        });
    }
    clients.join_all().await.into_iter().sum()
}

#[tokio::test]
async fn reloads_disturb_nobody() {
    let api = Api::open_with(WATCH).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let changing = async {
        let admin = api.sql().await;
        for round in 0..50 {
            let sql = match round % 5 {
                0 => "notify pgrst, 'reload schema'".to_owned(),
                1 => format!("create table api.extra_{round} (id int primary key, item_id int references api.item)"),
                2 => format!("alter table api.item add column extra_{round} text default 'x'"),
                3 => format!("alter table api.item drop column extra_{}", round - 1),
                _ => "create or replace function api.rows(count int) returns table (id int, text text) language sql
                      stable as $$ select n, repeat('y', 10) from generate_series(1, count) n $$"
                    .to_owned(),
            };
            admin.batch(&sql).await.unwrap();
            // Longer than changes are collected, so that most of them are a reload of their own.
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        is_over.store(true, Ordering::Relaxed);
    };
    let (count, ()) = tokio::join!(succeed_until(&api, Arc::clone(&is_over)), changing);
    assert!(count > 100, "only {count} requests");
    assert!(api.becomes(LIMIT, get("/extra_46"), is_served).await);
    assert!(
        api.becomes(LIMIT, get("/extra_46?select=id,item(name)"), is_served)
            .await
    );
    api.close().await;
}

#[tokio::test]
async fn every_change_is_seen_soon_and_unknown_messages_change_nothing() {
    let api = Api::open_with(WATCH).await;
    let admin = api.sql().await;
    for payload in ["reload config", "nonsense", "reload  schema"] {
        admin
            .batch(&format!("select pg_notify('pgrst', '{payload}')"))
            .await
            .unwrap();
    }
    for round in 0..5 {
        let path = format!("/new_{round}");
        assert_eq!(api.send(get(&path)).await.code(), "PGRST205");
        admin
            .batch(&format!("create table api.new_{round} (id int primary key)"))
            .await
            .unwrap();
        assert!(api.becomes(LIMIT, get(&path), is_served).await, "{path}");
        admin.batch(&format!("drop table api.new_{round}")).await.unwrap();
        let is_unknown = |answer: &Answer| answer.code() == "PGRST205";
        assert!(api.becomes(LIMIT, get(&path), is_unknown).await, "{path}");
    }
    api.close().await;
}

/// Changes that never pause: what changed first is not kept waiting for the last.
#[tokio::test]
async fn a_stream_of_changes_does_not_put_off_the_reload() {
    let api = Api::open().await;
    let admin = api.sql().await;
    admin
        .batch("create table api.early (id int primary key); notify pgrst")
        .await
        .unwrap();
    let begun = Instant::now();
    let mut is_seen = false;
    while begun.elapsed() < 2 * LIMIT && !is_seen {
        admin.batch("notify pgrst").await.unwrap();
        is_seen = api.send(get("/early")).await.status == 200;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(
        is_seen,
        "not loaded within {:?} of notifications",
        begun.elapsed()
    );
    api.close().await;
}

/// A load that fails leaves what was loaded before.
#[tokio::test]
async fn a_reload_that_fails_leaves_the_cache_as_it_was() {
    let api = Api::open().await;
    let admin = api.sql().await;
    // A part of the catalogue cannot be read.
    admin
        .batch("revoke select on pg_catalog.pg_proc from public")
        .await
        .unwrap();
    admin
        .batch("create table api.hidden (id int primary key); notify pgrst")
        .await
        .unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(500) {
        assert_eq!(api.send(get("/item?id=eq.1")).await.status, 200);
        assert_eq!(api.send(get("/hidden")).await.code(), "PGRST205");
    }
    admin
        .batch("grant select on pg_catalog.pg_proc to public")
        .await
        .unwrap();
    // By itself, without another notification.
    assert!(api.becomes(3 * LIMIT, get("/hidden"), is_served).await);
    api.close().await;
}
