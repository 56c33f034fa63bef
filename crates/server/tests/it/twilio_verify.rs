//! Codes that Twilio Verify makes and checks: a fake of it, which knows one right code for each number.

use std::sync::{Arc, Mutex};

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::routing::post;
use ferrobase_db::Executor;
use ferrobase_testkit::{Answer, Backend};
use serde_json::{Value, json};

const RIGHT: &str = "135791";
const PHONE: &str = "+4915112345678";

#[derive(Clone, Default)]
struct Twilio {
    /// Numbers with a verification that is pending.
    pending: Arc<Mutex<Vec<String>>>,
    /// How often a code was checked.
    checks: Arc<Mutex<usize>>,
}

fn field(body: &str, name: &str) -> String {
    let found = url::form_urlencoded::parse(body.as_bytes()).find(|(key, _)| key == name);
    found.unwrap().1.into_owned()
}

async fn begin(State(twilio): State<Twilio>, body: String) -> Json<Value> {
    twilio.pending.lock().unwrap().push(field(&body, "To"));
    Json(json!({ "sid": "VE1", "status": "pending", "valid": false }))
}

async fn check(State(twilio): State<Twilio>, body: String) -> (StatusCode, Json<Value>) {
    *twilio.checks.lock().unwrap() += 1;
    let to = field(&body, "To");
    let mut pending = twilio.pending.lock().unwrap();
    if !pending.contains(&to) {
        return (
            StatusCode::NOT_FOUND,
            Json(json!({ "code": 20404, "message": "gone" })),
        );
    }
    if field(&body, "Code") != RIGHT {
        return (
            StatusCode::OK,
            Json(json!({ "status": "pending", "valid": false })),
        );
    }
    pending.retain(|number| *number != to);
    (
        StatusCode::OK,
        Json(json!({ "status": "approved", "valid": true })),
    )
}

async fn start() -> (Backend, Twilio) {
    let twilio = Twilio::default();
    let router = axum::Router::new()
        .route("/v2/Services/VA1/Verifications", post(begin))
        .route("/v2/Services/VA1/VerificationCheck", post(check))
        .with_state(twilio.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let backend = Backend::start(&format!(
        "[auth.sms]\nenabled = true\nenable_confirmations = true\nmax_frequency = \"1ms\"\n\
         [auth.sms.test_otp]\n4915100000000 = \"246802\"\n\
         [auth.sms.twilio_verify]\nenabled = true\naccount_sid = \"AC1\"\nauth_token = \"t\"\n\
         message_service_sid = \"VA1\"\nbase_url = \"http://{address}\"\n\
         [auth.mfa.phone]\nenroll_enabled = true\nverify_enabled = true\nmax_frequency = \"1ms\"\n"
    ))
    .await;
    (backend, twilio)
}

async fn call(backend: &Backend, path: &str, token: Option<&str>, body: Value) -> Answer {
    let path = format!("/auth/v1/{path}");
    backend.send(Method::POST, &path, token, Some(&body)).await
}

async fn verify(backend: &Backend, phone: &str, code: &str) -> Answer {
    let proof = json!({ "type": "sms", "phone": phone, "token": code });
    call(backend, "verify", None, proof).await
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_judges_sign_ins() {
    let (backend, twilio) = start().await;
    // Nobody waits for a code: Twilio is not bothered.
    let early = verify(&backend, PHONE, RIGHT).await;
    assert_eq!(
        (early.status, &early.json["error_code"]),
        (403, &json!("otp_expired"))
    );
    assert_eq!(*twilio.checks.lock().unwrap(), 0);

    let sent = call(&backend, "otp", None, json!({ "phone": PHONE })).await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    assert_eq!(*twilio.pending.lock().unwrap(), [PHONE]);
    let wrong = verify(&backend, PHONE, "111111").await;
    assert_eq!(
        (wrong.status, &wrong.json["error_code"]),
        (403, &json!("otp_expired"))
    );
    let right = verify(&backend, PHONE, RIGHT).await;
    assert_eq!(right.status, 200, "{}", right.text);
    assert_eq!(right.json["user"]["phone"], "4915112345678");
    let again = verify(&backend, PHONE, RIGHT).await;
    assert_eq!(again.status, 403, "{}", again.text);

    // Test numbers keep their codes.
    let checks = *twilio.checks.lock().unwrap();
    let sent = call(&backend, "otp", None, json!({ "phone": "+4915100000000" })).await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    let right = verify(&backend, "+4915100000000", "246802").await;
    assert_eq!(right.status, 200, "{}", right.text);
    assert_eq!(*twilio.checks.lock().unwrap(), checks);
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_judges_second_factors() {
    let (backend, _twilio) = start().await;
    let account = json!({ "email": "ann@example.com", "password": "correct horse 1" });
    let welcome = call(&backend, "signup", None, account).await;
    let token = welcome.json["access_token"].as_str().unwrap().to_owned();
    let factor = json!({ "factor_type": "phone", "phone": PHONE });
    let factor = call(&backend, "factors", Some(&token), factor).await;
    let id = factor.json["id"].as_str().unwrap();
    let challenge = call(
        &backend,
        &format!("factors/{id}/challenge"),
        Some(&token),
        json!({}),
    )
    .await;
    assert_eq!(challenge.status, 200, "{}", challenge.text);
    let stored = backend
        .sql()
        .query_one("select otp_code is null from auth.mfa_challenges", &[])
        .await
        .unwrap();
    assert!(stored.try_get::<_, bool>(0).unwrap());

    let prove = async |code: &str| {
        let proof = json!({ "challenge_id": challenge.json["id"], "code": code });
        call(&backend, &format!("factors/{id}/verify"), Some(&token), proof).await
    };
    let wrong = prove("111111").await;
    assert_eq!(
        (wrong.status, &wrong.json["error_code"]),
        (403, &json!("otp_expired"))
    );
    let right = prove(RIGHT).await;
    assert_eq!(right.status, 200, "{}", right.text);
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_two_wait_for_proves_nothing() {
    let (backend, _twilio) = start().await;
    let mut tokens = Vec::new();
    for email in ["ann@example.com", "eve@example.com"] {
        let account = json!({ "email": email, "password": "correct horse 1" });
        let welcome = call(&backend, "signup", None, account).await;
        tokens.push(welcome.json["access_token"].as_str().unwrap().to_owned());
    }
    let change = json!({ "phone": PHONE });
    let proof = json!({ "type": "phone_change", "phone": PHONE, "token": RIGHT });
    for token in &tokens {
        let answer = backend
            .send(Method::PUT, "/auth/v1/user", Some(token), Some(&change))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    // The code that reached the telephone was asked for by either of them.
    let answer = call(&backend, "verify", None, proof).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    let rows = backend
        .sql()
        .query("select 1 from auth.users where phone is not null", &[])
        .await
        .unwrap();
    assert!(rows.is_empty());
    backend.stop().await;
}
