//! The CAPTCHA against a provider that takes one solution.

use std::sync::{Arc, Mutex};

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use axum::routing::post;
use ferrobase_testkit::{Answer, Backend};
use serde_json::{Value, json};

type Judged = Arc<Mutex<Vec<Vec<(String, String)>>>>;

async fn judge(State(judged): State<Judged>, body: String) -> Json<Value> {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    let solved = form.contains(&("response".to_owned(), "solved".to_owned()));
    judged.lock().unwrap().push(form);
    Json(if solved {
        json!({ "success": true })
    } else {
        json!({ "success": false, "error-codes": ["invalid-input-response", "timeout-or-duplicate"] })
    })
}

/// A backend that wants a CAPTCHA, and what its provider was asked.
async fn start() -> (Backend, Judged) {
    let judged = Judged::default();
    let router = axum::Router::new()
        .route("/siteverify", post(judge))
        .with_state(judged.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let backend = Backend::start(&format!(
        "[auth]\nenable_anonymous_sign_ins = true\n[auth.captcha]\nenabled = true\nprovider = \"turnstile\"\n\
         secret = \"s3cret\"\nverify_url = \"http://{address}/siteverify\"\n"
    ))
    .await;
    (backend, judged)
}

async fn post_to(backend: &Backend, path: &str, mut body: Value, solution: Option<&str>) -> Answer {
    if let Some(solution) = solution {
        body["gotrue_meta_security"] = json!({ "captcha_token": solution });
    }
    let path = format!("/auth/v1/{path}");
    backend.send(Method::POST, &path, None, Some(&body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_in_wants_a_solution() {
    let (backend, judged) = start().await;
    let account = json!({ "email": "ann@example.com", "password": "correct horse 1" });
    let ways = [
        ("signup", account.clone()),
        ("signup", json!({})),
        ("token?grant_type=password", account.clone()),
        ("otp", json!({ "email": "ann@example.com" })),
        ("magiclink", json!({ "email": "ann@example.com" })),
        ("recover", json!({ "email": "ann@example.com" })),
        ("resend", json!({ "type": "signup", "email": "ann@example.com" })),
    ];
    for (path, body) in &ways {
        let answer = post_to(&backend, path, body.clone(), None).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        assert_eq!(answer.json["error_code"], "captcha_failed", "{path}");
        assert_eq!(
            answer.json["msg"],
            "captcha protection: request disallowed (no captcha_token found)"
        );
        let answer = post_to(&backend, path, body.clone(), Some("guess")).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        assert_eq!(
            answer.json["msg"],
            "captcha protection: request disallowed (invalid-input-response, timeout-or-duplicate)"
        );
    }
    // Nothing without a solution reached the provider.
    assert_eq!(judged.lock().unwrap().len(), ways.len());
    for (path, body) in &ways {
        let answer = post_to(&backend, path, body.clone(), Some(" solved ")).await;
        let is_too_soon = answer.json["error_code"] == "over_email_send_rate_limit";
        assert!(answer.status == 200 || is_too_soon, "{path}: {}", answer.text);
    }
    let asked = judged.lock().unwrap().pop().unwrap();
    let names: Vec<&str> = asked.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["secret", "response", "remoteip"]);
    assert_eq!(asked[0].1, "s3cret");
    assert_eq!(asked[2].1, "127.0.0.1");
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_and_sessions_solve_none() {
    let (backend, judged) = start().await;
    let account = json!({ "email": "ann@example.com", "password": "correct horse 1" });
    let service = backend.endpoints().service_role_key.clone();
    let answer = backend
        .send(Method::POST, "/auth/v1/signup", Some(&service), Some(&account))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let refresh = json!({ "refresh_token": answer.json["refresh_token"] });
    let answer = post_to(&backend, "token?grant_type=refresh_token", refresh, None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    // A user's own token is no administrator's.
    let token = answer.json["access_token"].as_str().unwrap();
    let answer = backend
        .send(
            Method::POST,
            "/auth/v1/token?grant_type=password",
            Some(token),
            Some(&account),
        )
        .await;
    assert_eq!(answer.json["error_code"], "captcha_failed", "{}", answer.text);
    assert!(judged.lock().unwrap().is_empty());
    backend.stop().await;
}
