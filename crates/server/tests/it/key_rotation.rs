//! Signing keys change under a running backend: nobody is signed out until a key is revoked.

use std::path::Path;
use std::time::Duration;

use axum::http::Method;
use data_encoding::BASE64URL_NOPAD;
use ferrobase_db::Executor;
use ferrobase_jwt::{KeyAlgorithm, KeyRing, KeyStatus, add_to_file, generate_key};
use ferrobase_testkit::{Answer, Backend};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse 1";

async fn post(backend: &Backend, path: &str, body: Value) -> Answer {
    backend.send(Method::POST, path, None, Some(&body)).await
}

async fn published(backend: &Backend) -> Vec<String> {
    let answer = backend
        .send(Method::GET, "/auth/v1/.well-known/jwks.json", None, None)
        .await;
    assert!(!answer.text.contains("\"d\""), "{}", answer.text);
    let keys = answer.json["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

/// Waits until the backend shows these keys.
async fn until_published(backend: &Backend, kids: &[&str]) {
    for _ in 0..100 {
        if published(backend).await == kids {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?} and not {kids:?}", published(backend).await);
}

fn kid_of(token: &str) -> String {
    let header = BASE64URL_NOPAD
        .decode(token.split('.').next().unwrap().as_bytes())
        .unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// Status codes with which the token is met by auth and by the data API.
async fn met(backend: &Backend, token: &str) -> (u16, u16) {
    let user = backend
        .send(Method::GET, "/auth/v1/user", Some(token), None)
        .await;
    let rows = backend
        .send(Method::GET, "/rest/v1/notes", Some(token), None)
        .await;
    (user.status, rows.status)
}

async fn refreshed(backend: &Backend, session: &Value) -> Value {
    let body = json!({ "refresh_token": session["refresh_token"] });
    let answer = post(backend, "/auth/v1/token?grant_type=refresh_token", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json
}

fn token(session: &Value) -> &str {
    session["access_token"].as_str().unwrap()
}

fn kids(ring: &KeyRing) -> Vec<(String, KeyStatus)> {
    ring.keys()
        .map(|key| (key.kid().to_owned(), key.status))
        .collect()
}

async fn start(path: &Path) -> Backend {
    let config = format!("[auth]\nsigning_keys_path = \"{}\"\n", path.display());
    let backend = Backend::start(&config).await;
    let statement = "create table public.notes (id int)";
    backend.sql().execute(statement, &[]).await.unwrap();
    // The schema cache follows the database.
    for _ in 0..100 {
        let answer = backend.send(Method::GET, "/rest/v1/notes", None, None).await;
        if answer.status == 200 {
            return backend;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the table does not show");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_signs_nobody_out_and_a_revoked_key_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    add_to_file(&path, generate_key(KeyAlgorithm::Es256).unwrap(), true).unwrap();
    let backend = start(&path).await;
    let account = json!({ "email": "ann@example.com", "password": PASSWORD });
    let session = post(&backend, "/auth/v1/signup", account.clone()).await.json;
    let first = kid_of(token(&session));
    assert_eq!(published(&backend).await, [first.as_str()]);
    assert_eq!(met(&backend, token(&session)).await, (200, 200));

    let ring = KeyRing::change_file(&path, |ring| {
        ring.add_standby(generate_key(KeyAlgorithm::Rs256).unwrap())
    })
    .unwrap();
    let second = kids(&ring)[1].0.clone();
    until_published(&backend, &[&first, &second]).await;
    let session = refreshed(&backend, &session).await;
    assert_eq!(kid_of(token(&session)), first, "a standby key does not sign");

    // A file in the middle of being written by hand changes nothing.
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(met(&backend, token(&session)).await, (200, 200));
    std::fs::write(&path, &whole).unwrap();

    KeyRing::change_file(&path, KeyRing::rotate).unwrap();
    until_published(&backend, &[&second, &first]).await;
    let old = session;
    assert_eq!(
        met(&backend, token(&old)).await,
        (200, 200),
        "nobody is signed out"
    );
    let session = refreshed(&backend, &old).await;
    assert_eq!(kid_of(token(&session)), second);
    let again = post(&backend, "/auth/v1/token?grant_type=password", account)
        .await
        .json;
    assert_eq!(kid_of(token(&again)), second);
    assert_eq!(met(&backend, token(&session)).await, (200, 200));

    KeyRing::change_file(&path, |ring| ring.revoke(&first)).unwrap();
    until_published(&backend, &[&second]).await;
    assert_eq!(met(&backend, token(&old)).await, (403, 401), "its key is revoked");
    assert_eq!(met(&backend, token(&session)).await, (200, 200));
    // The session itself lives on: who still has the old token refreshes.
    refreshed(&backend, &session).await;
    backend.stop().await;
}
