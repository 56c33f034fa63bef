//! The check against leaked passwords, with a corpus that knows `password1`.

use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::get;
use ferrobase_testkit::{Answer, Backend};
use serde_json::json;

/// SHA-1 of `password1`, cut after five digits.
const KNOWN: (&str, &str) = ("E38AD", "214943DAAD1D64C102FAEC29DE4AFE9DA3D");

#[derive(Clone, Default)]
struct Corpus {
    asked: Arc<Mutex<Vec<String>>>,
    is_down: Arc<Mutex<bool>>,
}

async fn range(
    State(corpus): State<Corpus>,
    Path(prefix): Path<String>,
    headers: HeaderMap,
) -> (StatusCode, String) {
    assert_eq!(headers["add-padding"], "true");
    corpus.asked.lock().unwrap().push(prefix.clone());
    if *corpus.is_down.lock().unwrap() {
        return (StatusCode::SERVICE_UNAVAILABLE, String::new());
    }
    let padding = "0000000000000000000000000000000000F:0\r\n";
    let known = if prefix == KNOWN.0 {
        format!("{}:2413945\r\n", KNOWN.1)
    } else {
        String::new()
    };
    (StatusCode::OK, format!("{padding}{known}"))
}

async fn start(settings: &str) -> (Backend, Corpus) {
    let corpus = Corpus::default();
    let router = axum::Router::new()
        .route("/range/{prefix}", get(range))
        .with_state(corpus.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let backend = Backend::start(&format!(
        "[auth.leaked_passwords]\nenabled = true\nbase_url = \"http://{address}\"\n{settings}"
    ))
    .await;
    (backend, corpus)
}

async fn sign_up(backend: &Backend, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    backend
        .send(Method::POST, "/auth/v1/signup", None, Some(&body))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn known_passwords_are_refused_and_told_at_sign_in() {
    let (backend, corpus) = start("").await;
    let refused = sign_up(&backend, "ann@example.com", "password1").await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(refused.json["error_code"], "weak_password");
    assert_eq!(refused.json["weak_password"]["reasons"], json!(["pwned"]));
    assert_eq!(
        refused.json["msg"],
        "Password is known to be weak and easy to guess, please choose a different one."
    );
    // Five digits are all that the corpus learned.
    assert_eq!(*corpus.asked.lock().unwrap(), [KNOWN.0]);

    let welcome = sign_up(&backend, "ann@example.com", "correct horse 1").await;
    assert_eq!(welcome.status, 200, "{}", welcome.text);
    let id = welcome.json["user"]["id"].as_str().unwrap();
    let token = welcome.json["access_token"].as_str().unwrap();
    let change = json!({ "password": "password1" });
    let answer = backend
        .send(Method::PUT, "/auth/v1/user", Some(token), Some(&change))
        .await;
    assert_eq!(
        answer.json["weak_password"]["reasons"],
        json!(["pwned"]),
        "{}",
        answer.text
    );
    let service = backend.endpoints().service_role_key.clone();
    let path = format!("/auth/v1/admin/users/{id}");
    let answer = backend
        .send(Method::PUT, &path, Some(&service), Some(&change))
        .await;
    assert_eq!(answer.status, 422, "{}", answer.text);

    // An administrator creates users with any password; who signs in with it is told.
    let account = json!({ "email": "bob@example.com", "password": "password1", "email_confirm": true });
    let answer = backend
        .send(
            Method::POST,
            "/auth/v1/admin/users",
            Some(&service),
            Some(&account),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let path = "/auth/v1/token?grant_type=password";
    let answer = backend.send(Method::POST, path, None, Some(&account)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json["weak_password"]["reasons"], json!(["pwned"]));
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_refuses_only_where_that_is_asked_for() {
    let (backend, corpus) = start("").await;
    *corpus.is_down.lock().unwrap() = true;
    let answer = sign_up(&backend, "ann@example.com", "password1").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    backend.stop().await;

    let (backend, corpus) = start("fail_closed = true\n").await;
    let answer = sign_up(&backend, "ann@example.com", "correct horse 1").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    *corpus.is_down.lock().unwrap() = true;
    let answer = sign_up(&backend, "bob@example.com", "correct horse 1").await;
    assert_eq!(answer.status, 500, "{}", answer.text);
    // Nobody is locked out who has an account.
    let account = json!({ "email": "ann@example.com", "password": "correct horse 1" });
    let path = "/auth/v1/token?grant_type=password";
    let answer = backend.send(Method::POST, path, None, Some(&account)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    backend.stop().await;
}
