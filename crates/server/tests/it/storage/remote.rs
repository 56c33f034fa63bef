//! Blobs as objects of an S3-compatible store: another backend is that store.

use data_encoding::{BASE64, HEXLOWER};
use ferrobase_db::Executor;
use md5::{Digest, Md5};

use super::*;

/// Bytes that are not all the same.
fn content(length: usize, seed: usize) -> Vec<u8> {
    (0..length)
        .map(|at| u8::try_from((at / 7 + at * seed) % 251).unwrap())
        .collect()
}

/// A store with an empty bucket.
async fn store() -> Backend {
    let store = Backend::start("[storage]\nfile_size_limit = \"500MB\"\n").await;
    Owner(&store).bucket(json!({ "name": "blobs" })).await;
    store
}

fn config(store: &Backend) -> String {
    let endpoints = store.endpoints();
    format!(
        "[storage]\nfile_size_limit = \"100MB\"\nbackend = \"s3\"\n[storage.s3_store]\nbucket = \"blobs\"\nprefix = \"one/\"\n\
         endpoint = \"{}/storage/v1/s3\"\nregion = \"local\"\nforce_path_style = true\npart_size = \"5MB\"\nabandoned_seconds = 10\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n",
        endpoints.api_url, endpoints.s3_access_key_id, endpoints.s3_secret_access_key
    )
}

/// Names of the store's objects.
async fn names(store: &Backend) -> Vec<String> {
    let sql = "select name from storage.objects where bucket_id = 'blobs' order by name";
    let rows = store.sql().query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Names of the blobs that rows refer to.
async fn versions(backend: &Backend) -> Vec<String> {
    let sql = "select 'one/' || version from storage.objects order by 1";
    let rows = backend.sql().query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The store has the blobs of rows and nothing else.
async fn tidy(store: &Backend, backend: &Backend) {
    for _ in 0..3000 {
        if names(store).await == versions(backend).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(names(store).await, versions(backend).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_objects() {
    let store = store().await;
    let backend = Backend::start(&config(&store)).await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b", "public": true })).await;
    // None, a few, one part exactly, and several of them.
    for (name, length) in [("none", 0), ("few", 10), ("part", 5 << 20), ("many", 12_345_678)] {
        let bytes = content(length, length % 13);
        owner.put(&format!("b/{name}"), bytes.clone()).await;
        let answer = owner.get(&format!("b/{name}"), &[]).await;
        assert_eq!(
            (answer.status, answer.headers["content-length"].to_str().unwrap()),
            (200, length.to_string().as_str())
        );
        let sql = "select metadata->>'eTag', (metadata->>'size')::int8 from storage.objects where name = $1";
        let row = backend.sql().query_one(sql, &[&name]).await.unwrap();
        assert_eq!(
            row.get::<_, String>(0),
            format!("\"{}\"", HEXLOWER.encode(&Md5::digest(&bytes)))
        );
        assert_eq!(row.get::<_, i64>(1), i64::try_from(length).unwrap());
    }
    tidy(&store, &backend).await;

    // Spans, several at once too, beyond the first part.
    let text = b"abcdefghijklmnopqrstuvwxyz".repeat(400_000);
    owner.put("b/text", text).await;
    let range = async |range: &str| owner.get("b/text", &[("range", range)]).await;
    assert_eq!(range("bytes=26-28").await.text, "abc");
    assert_eq!(range("bytes=10399999-").await.text, "z");
    let two = owner
        .get("b/text", &[("range", "bytes=0-1,5200000-5200002")])
        .await;
    assert_eq!(two.status, 206);
    assert!(
        two.text.contains("\r\n\r\nab\r\n") && two.text.contains("\r\n\r\nabc\r\n"),
        "{}",
        two.text
    );

    // Copied, moved, replaced, removed: rows and objects stay the same number.
    for (path, body) in [
        (
            "/object/copy",
            json!({ "bucketId": "b", "sourceKey": "many", "destinationKey": "copy" }),
        ),
        (
            "/object/move",
            json!({ "bucketId": "b", "sourceKey": "few", "destinationKey": "moved" }),
        ),
    ] {
        let answer = owner.json(Method::POST, path, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    owner.put("b/part", "replaced").await;
    assert_eq!(owner.get("b/part", &[]).await.text, "replaced");
    let answer = owner.json(Method::DELETE, "/object/b/many", json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        owner.get("b/copy", &[]).await.headers["content-length"],
        "12345678"
    );
    tidy(&store, &backend).await;

    // An upload that breaks a limit leaves nothing, however far it came.
    owner
        .bucket(json!({ "name": "small", "file_size_limit": 6_000_000 }))
        .await;
    let form = [
        b"--X\r\nContent-Disposition: form-data; name=\"\"; filename=\"f\"\r\n\r\n".to_vec(),
        content(7_000_000, 1),
        b"\r\n--X--\r\n".to_vec(),
    ]
    .concat();
    let answer = owner
        .send(
            Method::POST,
            "/object/small/k",
            &[("content-type", "multipart/form-data; boundary=X")],
            form,
        )
        .await;
    assert_eq!(answer.json["code"], "EntityTooLarge", "{}", answer.text);
    tidy(&store, &backend).await;
    let sql = "select count(*) from storage.s3_multipart_uploads";
    assert_eq!(store.sql().query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 0);

    // A blob that somebody took away.
    let sql = "select version from storage.objects where name = 'copy'";
    let version: String = backend.sql().query_one(sql, &[]).await.unwrap().get(0);
    let path = format!("/object/blobs/one/{version}");
    assert_eq!(
        Owner(&store).json(Method::DELETE, &path, json!({})).await.status,
        200
    );
    assert_eq!(owner.get("b/copy", &[]).await.json["code"], "NoSuchKey");
    backend.stop().await;
    store.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resumable_uploads_are_segments_until_they_are_whole() {
    let store = store().await;
    let backend = Backend::start(&config(&store)).await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    let bytes = content(13_000_000, 3);
    let metadata = format!(
        "bucketName {},objectName {}",
        BASE64.encode(b"b"),
        BASE64.encode(b"whole")
    );
    let length = bytes.len().to_string();
    let tus = ("tus-resumable", "1.0.0");
    let made = owner
        .send(
            Method::POST,
            "/upload/resumable",
            &[tus, ("upload-length", &length), ("upload-metadata", &metadata)],
            "",
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let location = made.headers["location"].to_str().unwrap().to_owned();
    let path = location.split("/storage/v1").nth(1).unwrap();
    // A small segment between large ones: it cannot be a part of its own.
    for (from, to) in [
        (0, 6_000_000),
        (6_000_000, 6_000_010),
        (6_000_010, 12_999_999),
        (12_999_999, 13_000_000),
    ] {
        let offset = from.to_string();
        let headers = [
            tus,
            ("upload-offset", offset.as_str()),
            ("content-type", "application/offset+octet-stream"),
        ];
        let answer = owner.send(Method::PATCH, path, &headers, &bytes[from..to]).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
        assert_eq!(answer.headers["upload-offset"].to_str().unwrap(), to.to_string());
        if to < bytes.len() {
            assert!(
                names(&store)
                    .await
                    .iter()
                    .all(|name| name.len() == "one/".len() + 36 + 1 + 36)
            );
        }
    }
    let sql = "select metadata->>'eTag' from storage.objects where name = 'whole'";
    let etag: String = backend.sql().query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(etag, format!("\"{}\"", HEXLOWER.encode(&Md5::digest(&bytes))));
    let last = owner.get("b/whole", &[("range", "bytes=5999998-6000012")]).await;
    assert_eq!(last.text, String::from_utf8_lossy(&bytes[5_999_998..=6_000_012]));
    assert_eq!(last.headers["content-length"], "15");
    tidy(&store, &backend).await;

    // One that is given up leaves nothing.
    let metadata = format!(
        "bucketName {},objectName {}",
        BASE64.encode(b"b"),
        BASE64.encode(b"gone")
    );
    let headers = [
        tus,
        ("upload-length", "9"),
        ("upload-metadata", metadata.as_str()),
        ("content-type", "application/offset+octet-stream"),
    ];
    let made = owner
        .send(Method::POST, "/upload/resumable", &headers, "12345")
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(names(&store).await.len(), 2);
    let location = made.headers["location"].to_str().unwrap().to_owned();
    let ended = owner
        .send(
            Method::DELETE,
            location.split("/storage/v1").nth(1).unwrap(),
            &[tus],
            "",
        )
        .await;
    assert_eq!(ended.status, 204, "{}", ended.text);
    tidy(&store, &backend).await;
    backend.stop().await;
    store.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails() {
    let store = store().await;
    let backend = Backend::start(&config(&store)).await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    owner.put("b/there", "there").await;
    store.stop().await;
    for (method, path) in [(Method::POST, "/object/b/new"), (Method::GET, "/object/b/there")] {
        let answer = owner
            .send(method, path, &[("content-type", "text/plain")], "x")
            .await;
        assert_eq!(answer.status, 500, "{}", answer.text);
        assert_eq!(answer.json["code"], "S3Error");
        assert_eq!(answer.json["message"], "The store of objects failed");
    }
    // What cannot be removed now is removed later.
    let answer = owner.json(Method::DELETE, "/object/b/there", json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let count = async |table: &str| {
        let sql = format!("select count(*) from {table}");
        backend.sql().query_one(&sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    assert_eq!(count("storage.objects").await, 0);
    assert_eq!(count("_ferrobase.storage_pending_deletions").await, 1);
    backend.stop().await;
}
