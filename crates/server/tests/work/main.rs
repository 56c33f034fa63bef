//! How much work a request makes, counted: what a clock would only show on a quiet machine. Alone in its process, because
//! counters are the process's.
#![allow(clippy::unwrap_used)]

use axum::http::Method;
use ferrobase_testkit::Backend;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse 1";

/// How many password hashes were computed so far.
async fn hashes(backend: &Backend) -> u64 {
    let answer = backend.raw(Method::GET, "/metrics", Vec::new(), Vec::new()).await;
    let line = answer
        .text
        .lines()
        .find_map(|line| line.strip_prefix("ferrobase_auth_password_hashes_total "));
    line.map_or(0, |count| count.parse().unwrap())
}

/// Status, and how many hashes one request costs.
async fn cost(backend: &Backend, path: &str, body: Value) -> (u16, u64) {
    let before = hashes(backend).await;
    let path = format!("/auth/v1/{path}");
    let answer = backend.send(Method::POST, &path, None, Some(&body)).await;
    (answer.status, hashes(backend).await - before)
}

/// Defence against finding accounts by the clock: a password is hashed once, whether or not anybody has the address, has a
/// password, or has proved the address.
#[tokio::test(flavor = "multi_thread")]
async fn known_and_unknown_addresses_cost_the_same_hashes() {
    let backend = Backend::start(
        "[auth.email]\nenable_confirmations = true\nmax_frequency = \"1ms\"\n\
         [auth.sms]\nenabled = true\nenable_confirmations = true\nmax_frequency = \"1ms\"\n",
    )
    .await;
    let service = backend.endpoints().service_role_key.clone();
    for user in [
        json!({ "email": "ann@example.com", "phone": "4915112345678", "password": PASSWORD, "email_confirm": true, "phone_confirm": true }),
        json!({ "email": "pending@example.com", "password": PASSWORD }),
    ] {
        let path = "/auth/v1/admin/users";
        let answer = backend
            .send(Method::POST, path, Some(&service), Some(&user))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let sql = backend.sql();
    let statement = "insert into auth.users (id, aud, role, email, email_confirmed_at, is_sso_user, is_anonymous) values \
        (gen_random_uuid(), 'authenticated', 'authenticated', 'elsewhere@example.com', now(), false, false)";
    ferrobase_db::Executor::execute(&sql, statement, &[])
        .await
        .unwrap();

    let wrong = |name: &str, address: &str| json!({ name: address, "password": "wrong horse 1" });
    for (name, address) in [
        ("email", "ann@example.com"),
        ("email", "pending@example.com"),
        ("email", "elsewhere@example.com"),
        ("email", "nobody@example.com"),
        ("email", "not an address"),
        ("phone", "4915112345678"),
        ("phone", "4915187654321"),
    ] {
        let spent = cost(&backend, "token?grant_type=password", wrong(name, address)).await;
        assert_eq!(spent, (400, 1), "sign-in of {address}");
    }
    for (name, address) in [
        ("email", "ann@example.com"),
        ("email", "pending@example.com"),
        ("email", "new@example.com"),
        ("phone", "4915112345678"),
        ("phone", "4915187654321"),
    ] {
        let body = json!({ name: address, "password": "another horse 2" });
        let spent = cost(&backend, "signup", body).await;
        assert_eq!(spent, (200, 1), "sign-up of {address}");
    }
    backend.stop().await;
}
