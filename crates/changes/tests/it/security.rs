//! Who sees what.

use serde_json::json;

use crate::backend::{Backend, caller, table};

const OWN: &str = "
    create table t (n int primary key, owner text);
    alter table t replica identity full;
    alter table t enable row level security;
    create policy own on t for select using (owner = me());
    alter publication supabase_realtime add table t;";

#[tokio::test]
async fn policies_decide_in_the_order_of_the_commits() {
    let backend = Backend::start(OWN).await;
    let ann = backend.subscribe("authenticated", "ann", &[table("t")]).await;
    let bob = backend.subscribe("authenticated", "bob", &[table("t")]).await;
    let all = backend.subscribe("service_role", "x", &[table("t")]).await;
    let nobody = backend.subscribe("anon", "x", &[table("t")]).await;
    for n in 1..=200 {
        let owner = if n % 2 == 0 { "ann" } else { "bob" };
        backend
            .run(&format!("insert into t values ({n}, '{owner}')"))
            .await;
    }
    backend.run("delete from t where n = 200").await;
    let even = (1..=99).map(|n| n * 2);
    let mut heard = ann.numbers(200).await;
    heard.retain(|n| *n != 200);
    assert_eq!(heard, even.collect::<Vec<i64>>());
    let odd: Vec<i64> = (0..100).map(|n| n * 2 + 1).collect();
    // The deletion is told to everyone, with the key only.
    assert_eq!(bob.numbers(200).await, [odd, vec![200]].concat());
    let (_, deleted) = nobody.next().await;
    assert_eq!(
        (&deleted["type"], &deleted["old_record"]),
        (&json!("DELETE"), &json!({ "n": 200 }))
    );
    assert_eq!(all.numbers(200).await, (1..=200).collect::<Vec<i64>>());

    // Another token: later events are judged by it.
    bob.subscription.renew(caller("authenticated", "ann"));
    assert_eq!(bob.system().await, "ok: Subscribed to PostgreSQL");
    backend
        .run("insert into t values (1001, 'bob'); insert into t values (1002, 'ann')")
        .await;
    assert_eq!(bob.numbers(1002).await, [1002]);
    backend.stop().await;
}

#[tokio::test]
async fn a_policy_that_fails_is_told_to_its_subscriber_alone() {
    let backend = Backend::start(
        "create table t (n int primary key, owner text);
         alter table t enable row level security;
         create policy poisoned on t for select using (
            case when me() = 'eve' and n = 2 then 1 / (n - 2) = 1 else true end);
         alter publication supabase_realtime add table t;",
    )
    .await;
    let eve = backend.subscribe("authenticated", "eve", &[table("t")]).await;
    let ann = backend.subscribe("authenticated", "ann", &[table("t")]).await;
    backend
        .run("insert into t select n from generate_series(1, 50) n")
        .await;
    assert_eq!(ann.numbers(50).await, (1..=50).collect::<Vec<i64>>());
    let mut all: Vec<i64> = (1..=50).collect();
    all.remove(1);
    assert_eq!(eve.numbers(50).await, all);
    assert_eq!(
        eve.system().await,
        "error: A change could not be checked against the policies of its table"
    );
    backend.stop().await;
}

#[tokio::test]
async fn privileges_on_columns_and_tables() {
    let backend = Backend::start(
        "create table t (n int primary key, a text, secret text);
         create table bare (a text);
         revoke all on t from anon, authenticated;
         grant select (n, a) on t to anon;
         grant select (a) on t to authenticated;
         alter publication supabase_realtime add table t, bare;",
    )
    .await;
    let anon = backend.subscribe("anon", "x", &[table("t"), table("bare")]).await;
    let other = backend.subscribe("authenticated", "x", &[table("t")]).await;
    backend.run("insert into t values (1, 'a', 's')").await;
    let (_, data) = anon.next().await;
    assert_eq!(data["record"], json!({ "n": 1, "a": "a" }));
    assert_eq!(data["columns"].as_array().unwrap().len(), 2);
    let (_, data) = other.next().await;
    assert_eq!(
        (
            &data["errors"],
            &data["record"],
            &data["columns"],
            &data["commit_timestamp"]
        ),
        (
            &json!(["Error 401: Unauthorized"]),
            &json!({}),
            &json!([]),
            &json!(null)
        )
    );
    backend.run("insert into bare values ('a')").await;
    assert_eq!(
        anon.next().await.1["errors"],
        json!(["Error 400: Bad Request, no primary key"])
    );
    // A grant counts with the next change.
    backend
        .run("grant select on t to authenticated; insert into t values (2, 'a', 's')")
        .await;
    assert_eq!(other.next().await.1["record"]["secret"], "s");
    backend.stop().await;
}
