//! Blobs come and go with their rows.

use ferrobase_db::Executor;
use futures_util::future::join_all;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_uploads_of_one_new_key_one_wins() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    for round in 0..3 {
        let path = format!("/object/b/{round}.txt");
        let bodies: Vec<String> = (0..12).map(|n| format!("{n}").repeat(40_000 + n)).collect();
        let answers = join_all(bodies.iter().map(|body| {
            owner.send(
                Method::POST,
                &path,
                &[("content-type", "text/plain")],
                body.clone(),
            )
        }))
        .await;
        let winners: Vec<usize> = (0..12).filter(|n| answers[*n].status == 200).collect();
        assert_eq!(winners.len(), 1, "round {round}");
        for (n, answer) in answers.iter().enumerate() {
            if n != winners[0] {
                assert_eq!(answer.json["code"], "KeyAlreadyExists", "{}", answer.text);
            }
        }
        let stored = owner.get(&format!("b/{round}.txt"), &[]).await;
        assert_eq!(stored.text, bodies[winners[0]]);
    }
    files_become(&backend, (3, 0)).await;
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rows_give_up_is_removed() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    for n in 0..5 {
        owner.put("b/a.txt", format!("version {n}")).await;
    }
    files_become(&backend, (1, 0)).await;
    let order = json!({ "bucketId": "b", "sourceKey": "a.txt", "destinationKey": "copy.txt" });
    assert_eq!(owner.json(Method::POST, "/object/copy", order).await.status, 200);
    let order = json!({ "bucketId": "b", "sourceKey": "a.txt", "destinationKey": "moved.txt" });
    assert_eq!(owner.json(Method::POST, "/object/move", order).await.status, 200);
    files_become(&backend, (2, 0)).await;
    for name in ["copy.txt", "moved.txt"] {
        assert_eq!(owner.get(&format!("b/{name}"), &[]).await.text, "version 4");
    }
    let deleted = owner.send(Method::DELETE, "/object/b/copy.txt", &[], "").await;
    assert_eq!(deleted.status, 200);
    files_become(&backend, (1, 0)).await;
    assert_eq!(owner.get("b/moved.txt", &[]).await.text, "version 4");
    let all = json!({ "prefixes": ["moved.txt", "missing.txt"] });
    let deleted = owner.json(Method::DELETE, "/object/b", all).await;
    assert_eq!(deleted.json.as_array().unwrap().len(), 1);
    files_become(&backend, (0, 0)).await;

    join_all((0..30).map(|n| owner.put_owned(format!("b/{n}.txt")))).await;
    files_become(&backend, (30, 0)).await;
    let emptied = owner.json(Method::POST, "/bucket/b/empty", json!({})).await;
    assert_eq!(emptied.status, 200, "{}", emptied.text);
    files_become(&backend, (0, 0)).await;
    let rows = backend
        .sql()
        .query("select from _ferrobase.storage_pending_deletions", &[])
        .await;
    assert_eq!(rows.unwrap().len(), 0);
    assert_eq!(owner.send(Method::DELETE, "/bucket/b", &[], "").await.status, 200);
    backend.stop().await;
}

/// Reads of a key that is replaced all the time see one version or another, whole, and never none.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_under_replacement_is_always_there() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    let content = |n: usize| format!("{n};").repeat(20_000);
    owner.put("b/k", content(0)).await;
    let writes = async {
        for n in 1..60 {
            owner.put("b/k", content(n)).await;
        }
    };
    let reads = async {
        for _ in 0..200 {
            let answer = owner.get("b/k", &[]).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            let n = answer.text.split(';').next().unwrap().parse().unwrap();
            assert_eq!(answer.text, content(n));
        }
    };
    futures_util::join!(writes, reads);
    files_become(&backend, (1, 0)).await;
    backend.stop().await;
}

/// A move takes the bytes that the row names when it is moved, not those that it named a moment before.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_of_what_is_being_replaced() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    owner.put("b/k", "x").await;
    let writes = async {
        for n in 1..80 {
            owner.put("b/k", "x".repeat(n)).await;
        }
    };
    let moves = async {
        let mut moved = Vec::new();
        for n in 0..80 {
            let order = json!({ "bucketId": "b", "sourceKey": "k", "destinationKey": format!("moved/{n}") });
            let answer = owner.json(Method::POST, "/object/move", order).await;
            if answer.status == 200 {
                moved.push(format!("moved/{n}"));
            } else {
                let code = answer.json["code"].as_str().unwrap();
                assert!(["NoSuchKey", "ResourceLocked"].contains(&code), "{}", answer.text);
            }
        }
        moved
    };
    let ((), keys) = futures_util::join!(writes, moves);
    assert!(!keys.is_empty());
    for key in &keys {
        let info = owner.get(&format!("info/b/{key}"), &[]).await;
        let body = owner.get(&format!("b/{key}"), &[]).await;
        assert_eq!(info.json["size"], body.text.len(), "{key}");
    }
    let rows = backend
        .sql()
        .query("select from storage.objects", &[])
        .await
        .unwrap()
        .len();
    files_become(&backend, (rows, 0)).await;
    backend.stop().await;
}

/// Moves of many keys in circles: every row keeps a blob, nobody waits for ever.
#[tokio::test(flavor = "multi_thread")]
async fn moves_against_each_other() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    owner.put("b/0", "zero").await;
    owner.put("b/1", "one").await;
    let orders = (0..40).map(|n| {
        let order = json!({
            "bucketId": "b",
            "sourceKey": (n % 4).to_string(),
            "destinationKey": ((n + 1 + n / 4) % 4).to_string(),
        });
        owner.json(Method::POST, "/object/move", order)
    });
    for answer in join_all(orders).await {
        let code = answer.json["code"].as_str().unwrap_or_default();
        assert!(
            answer.status == 200 || ["NoSuchKey", "ResourceAlreadyExists"].contains(&code),
            "{}",
            answer.text
        );
    }
    files_become(&backend, (2, 0)).await;
    let mut found = Vec::new();
    for n in 0..4 {
        let answer = owner.get(&format!("b/{n}"), &[]).await;
        if answer.status == 200 {
            found.push(answer.text);
        }
    }
    found.sort();
    assert_eq!(found, ["one", "zero"]);
    backend.stop().await;
}

impl Owner<'_> {
    async fn put_owned(&self, path: String) {
        self.put(&path, "x").await;
    }
}
