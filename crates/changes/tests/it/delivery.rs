//! What is told of a change.

use std::time::Duration;

use serde_json::{Value, json};

use crate::backend::{Backend, filtered, table};

#[tokio::test]
async fn a_change_has_columns_rows_and_a_time() {
    let backend = Backend::start(
        "create type mood as enum ('sad', 'fine');
         create domain amount as numeric;
         create table t (n int8 primary key, a text, price amount, at timestamptz, raw bytea, doc jsonb, tags text[],
            m mood, ok bool);
         create table whole (n int primary key, a text);
         alter table whole replica identity full;
         alter publication supabase_realtime add table t, whole;",
    )
    .await;
    let listener = backend
        .subscribe("anon", "x", &[table("t"), table("whole")])
        .await;
    backend
        .run(
            "insert into t values (1, null, 1.50, '2024-05-06T07:08:09.5Z', '\\x01ff', '{\"a\": [1]}', '{x,NULL,\"y z\"}',
             'fine', true)",
        )
        .await;
    let (ids, mut data) = listener.next().await;
    assert_eq!(ids, [1]);
    let time = data["commit_timestamp"].take();
    let time = time.as_str().unwrap();
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    let column = |name: &str, kind: &str| json!({ "name": name, "type": kind });
    assert_eq!(
        data,
        json!({
            "type": "INSERT", "schema": "public", "table": "t", "commit_timestamp": null,
            "columns": [
                column("n", "int8"), column("a", "text"), column("price", "amount"), column("at", "timestamptz"),
                column("raw", "bytea"), column("doc", "jsonb"), column("tags", "_text"), column("m", "mood"),
                column("ok", "bool")
            ],
            "record": {
                "n": 1, "a": null, "price": 1.5, "at": "2024-05-06T07:08:09.5+00:00", "raw": "01ff", "doc": { "a": [1] },
                "tags": ["x", null, "y z"], "m": "fine", "ok": true
            },
            "errors": null
        })
    );

    // Old rows: the key, or everything under the full identity.
    backend.run("update t set a = 'x'").await;
    assert_eq!(listener.next().await.1["old_record"], json!({ "n": 1 }));
    backend.run("update t set n = 2").await;
    assert_eq!(listener.next().await.1["old_record"], json!({ "n": 1 }));
    backend.run("delete from t").await;
    let (_, data) = listener.next().await;
    assert_eq!(
        (&data["old_record"], data.get("record")),
        (&json!({ "n": 2 }), None)
    );
    backend
        .run("insert into whole values (1, 'a'); update whole set a = 'b'; delete from whole; truncate t")
        .await;
    assert_eq!(listener.next().await.1.get("old_record"), None);
    assert_eq!(listener.next().await.1["old_record"], json!({ "n": 1, "a": "a" }));
    assert_eq!(listener.next().await.1["old_record"], json!({ "n": 1, "a": "b" }));
    backend.stop().await;
}

#[tokio::test]
async fn values_out_of_line_and_large_rows() {
    let backend = Backend::start(
        "create table t (n int primary key, a text, long text);
         create table whole (n int primary key, a text, long text);
         alter table whole replica identity full;
         alter table t alter long set storage external;
         alter table whole alter long set storage external;
         alter publication supabase_realtime add table t, whole;",
    )
    .await;
    let listener = backend
        .subscribe("anon", "x", &[table("t"), table("whole")])
        .await;
    for name in ["t", "whole"] {
        backend
            .run(&format!(
                "insert into {name} values (1, 'a', repeat('x', 10000)); update {name} set a = 'b'"
            ))
            .await;
    }
    assert_eq!(
        listener.next().await.1["record"]["long"].as_str().unwrap().len(),
        10_000
    );
    assert_eq!(listener.next().await.1["record"], json!({ "n": 1, "a": "b" }));
    listener.next().await;
    assert_eq!(
        listener.next().await.1["record"]["long"].as_str().unwrap().len(),
        10_000
    );
    for size in [1_100_000, 20_000_000] {
        backend
            .run(&format!(
                "insert into t values ({size}, 'a', repeat('x', {size}))"
            ))
            .await;
        let (_, data) = listener.next().await;
        assert_eq!(data["errors"], json!(["Error 413: Payload Too Large"]));
        assert_eq!(data["columns"].as_array().unwrap().len(), 3);
        assert_eq!(data["record"], json!({ "n": size, "a": "a" }));
    }
    backend.stop().await;
}

#[tokio::test]
async fn bindings_and_filters_choose() {
    let backend = Backend::start(
        "create table t (n int primary key, a text, price numeric);
         create table other (n int primary key);
         alter publication supabase_realtime add table t, other;",
    )
    .await;
    let any = json!({ "event": "INSERT", "schema": "public" });
    let listener = backend
        .subscribe(
            "anon",
            "x",
            &[
                any,
                filtered("t", "n=eq.1"),
                filtered("t", "price=gte.1.5,a=in.(x,y)"),
                filtered("t", "a=not.like.x%"),
                json!({ "event": "DELETE", "schema": "public", "table": "t", "filter": "n=gt.1" }),
                json!({ "event": "UPDATE", "schema": "*", "table": "*" }),
            ],
        )
        .await;
    for (sql, ids) in [
        ("insert into t values (1, 'x', 1)", vec![1, 2]),
        ("insert into t values (2, 'y', 1.50)", vec![1, 3, 4]),
        ("insert into t values (3, null, 9)", vec![1]),
        ("update t set price = 2 where n = 1", vec![2, 3, 6]),
        ("insert into other values (1)", vec![1]),
        ("delete from t where n = 3", vec![5]),
    ] {
        backend.run(sql).await;
        let (mut told, _) = listener.next().await;
        told.sort_unstable();
        assert_eq!(told, ids, "{sql}");
    }
    // One frame for each set of columns.
    let chosen = json!({ "event": "INSERT", "schema": "public", "table": "t", "select": ["a"] });
    let listener = backend.subscribe("anon", "x", &[chosen]).await;
    backend.run("insert into t values (4, 'z', 1)").await;
    assert_eq!(listener.next().await.1["record"], json!({ "n": 4, "a": "z" }));
    backend.stop().await;
}

#[tokio::test]
async fn a_table_altered_and_a_server_restarted_under_a_subscription() {
    let backend =
        Backend::start("create table t (n int primary key); alter publication supabase_realtime add table t")
            .await;
    let listener = backend.subscribe("anon", "x", &[table("t")]).await;
    backend.run("insert into t values (1)").await;
    assert_eq!(listener.numbers(1).await, [1]);
    backend
        .run("alter table t add column a int default 7; insert into t values (2)")
        .await;
    assert_eq!(listener.next().await.1["record"], json!({ "n": 2, "a": 7 }));
    let exited = backend.cluster.exited();
    let pid = backend.cluster.pid().unwrap().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    exited.await;
    backend.cluster.restart().await.unwrap();
    while backend
        .admin
        .get()
        .await
        .unwrap()
        .batch("insert into t values (3)")
        .await
        .is_err()
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(listener.numbers(3).await, [3]);
    backend
        .run("insert into t select n from generate_series(4, 50000) n")
        .await;
    assert_eq!(listener.numbers(50_000).await, (4..=50_000).collect::<Vec<i64>>());
    let nothing: Vec<Value> = Vec::new();
    drop(backend.subscribe("anon", "y", &nothing).await);
    backend.stop().await;
}
