//! What an outsider learns about who has an account: answers for known and unknown addresses are the same.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::http::Method;
use ferrobase_testkit::{Answer, Backend};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse 1";
const KNOWN: &str = "ann@example.com";
const UNKNOWN: &str = "bob@example.com";

/// A backend with one confirmed user whose addresses are taken.
async fn start() -> Backend {
    let backend = Backend::start(
        "[auth.email]\nenable_confirmations = true\nmax_frequency = \"1ms\"\n\
         [auth.sms]\nenabled = true\nenable_confirmations = true\nmax_frequency = \"1ms\"\n",
    )
    .await;
    let service = backend.endpoints().service_role_key.clone();
    let user = json!({
        "email": KNOWN, "phone": "4915112345678", "password": PASSWORD, "email_confirm": true, "phone_confirm": true,
    });
    let path = "/auth/v1/admin/users";
    let answer = backend
        .send(Method::POST, path, Some(&service), Some(&user))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    backend
}

async fn call(backend: &Backend, path: &str, body: Value) -> Answer {
    let path = format!("/auth/v1/{path}");
    backend.send(Method::POST, &path, None, Some(&body)).await
}

/// Status, body and headers, without what differs between any two requests.
fn seen(answer: &Answer) -> (u16, String, BTreeMap<String, String>) {
    let differ = ["date", "x-request-id", "sb-request-id", "server-timing"];
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| !differ.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    (answer.status, answer.text.clone(), headers)
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_do_not_tell_who_is_known() {
    let backend = start().await;
    let mail = |address: &str| json!({ "email": address });
    let wrong = |address: &str| json!({ "email": address, "password": "wrong horse 1" });
    let code = |address: &str| json!({ "type": "email", "email": address, "token": "000000" });
    let pending = |address: &str| json!({ "type": "signup", "email": address });
    let pairs: [(&str, Value, Value); 6] = [
        ("recover", mail(KNOWN), mail(UNKNOWN)),
        ("resend", pending(KNOWN), pending(UNKNOWN)),
        ("token?grant_type=password", wrong(KNOWN), wrong(UNKNOWN)),
        ("verify", code(KNOWN), code(UNKNOWN)),
        ("otp", mail(KNOWN), mail(UNKNOWN)),
        ("magiclink", mail(KNOWN), mail("carl@example.com")),
    ];
    for (path, known, unknown) in pairs {
        let known = seen(&call(&backend, path, known).await);
        let unknown = seen(&call(&backend, path, unknown).await);
        assert_eq!(known, unknown, "{path}");
    }
    let wrong = |phone: &str| json!({ "phone": phone, "password": "wrong horse 1" });
    let path = "token?grant_type=password";
    let known = seen(&call(&backend, path, wrong("4915112345678")).await);
    let unknown = seen(&call(&backend, path, wrong("4915187654321")).await);
    assert_eq!(known, unknown);
    backend.stop().await;
}

/// A sign-up with somebody's address looks like a new one, but for the list of identities: the original's clients tell
/// their own users by its being empty that they have an account already, and it stays theirs to ask.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_sign_up_looks_like_a_new_one() {
    let backend = start().await;
    let account = |email: &str| json!({ "email": email, "password": "another horse 2", "data": { "a": 1 } });
    let known = call(&backend, "signup", account(KNOWN)).await;
    let unknown = call(&backend, "signup", account(UNKNOWN)).await;
    assert_eq!((known.status, unknown.status), (200, 200), "{}", known.text);
    let keys = |answer: &Answer| -> Vec<String> {
        let fields = answer.json.as_object().unwrap();
        fields.keys().cloned().collect()
    };
    assert_eq!(keys(&known), keys(&unknown));
    assert_eq!(known.json["identities"], json!([]));
    assert_eq!(known.json["app_metadata"], unknown.json["app_metadata"]);
    for field in ["id", "created_at", "updated_at", "confirmation_sent_at"] {
        assert!(known.json[field].is_string(), "{field}: {}", known.text);
        assert_ne!(known.json[field], unknown.json[field]);
    }
    // Nothing of the owner shows, and their password is as it was.
    assert!(!known.text.contains("4915112345678"));
    let path = "token?grant_type=password";
    let own = call(&backend, path, json!({ "email": KNOWN, "password": PASSWORD })).await;
    assert_eq!(own.status, 200, "{}", own.text);
    let theirs = call(&backend, path, account(KNOWN)).await;
    assert_eq!(theirs.json["error_code"], "invalid_credentials");
    backend.stop().await;
}

/// The pause between two messages is told to everybody alike: else asking twice would show who gets messages.
#[tokio::test(flavor = "multi_thread")]
async fn asking_twice_tells_nothing() {
    let backend = Backend::start(
        "[auth.email]\nenable_confirmations = true\nmax_frequency = \"60s\"\n\
         [auth.sms]\nenabled = true\nenable_confirmations = true\nmax_frequency = \"60s\"\n",
    )
    .await;
    let service = backend.endpoints().service_role_key.clone();
    for (email, phone) in [(KNOWN, "4915112345678"), ("cat@example.com", "4915112345679")] {
        let user = json!({
            "email": email, "phone": phone, "password": PASSWORD, "email_confirm": true, "phone_confirm": true,
        });
        let path = "/auth/v1/admin/users";
        let answer = backend
            .send(Method::POST, path, Some(&service), Some(&user))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let mail = |address: &str| json!({ "email": address });
    let account = |address: &str| json!({ "email": address, "password": "another horse 2" });
    let pending = |address: &str| json!({ "type": "signup", "email": address });
    let sms = |phone: &str| json!({ "type": "sms", "phone": phone });
    for (path, known, unknown) in [
        ("recover", mail(KNOWN), mail(UNKNOWN)),
        ("recover", mail("Cat@Example.com"), mail("nobody@example.com")),
        ("resend", pending(KNOWN), pending("nobody@example.com")),
        ("resend", sms("+4915112345678"), sms("+4915187654321")),
        ("signup", account("cat@example.com"), account("new@example.com")),
    ] {
        for round in 1..=3 {
            let mut seen = Vec::new();
            for body in [&known, &unknown] {
                let answer = call(&backend, path, body.clone()).await;
                // The seconds that are left depend on when one asks.
                let text: String = answer.text.chars().filter(|c| !c.is_ascii_digit()).collect();
                let text = if answer.status == 200 && path == "signup" {
                    String::new()
                } else {
                    text
                };
                seen.push((answer.status, text, answer.json["error_code"].clone()));
            }
            assert_eq!(seen[0], seen[1], "{path}, round {round}");
            assert_eq!(
                seen[0].0,
                if round == 1 { 200 } else { 429 },
                "{path}, round {round}"
            );
        }
    }
    backend.stop().await;
}

/// Mail that takes its time does so only for those who get some; the others' answers take as long.
#[tokio::test(flavor = "multi_thread")]
async fn answers_take_as_long_for_those_who_get_no_mail() {
    const SLOW: Duration = Duration::from_millis(400);
    let router = axum::Router::new().fallback(|| async {
        tokio::time::sleep(SLOW).await;
        axum::Json(json!({}))
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let backend = Backend::start(&format!(
        "[auth.email]\nenable_confirmations = true\nmax_frequency = \"1ms\"\n[auth.sms]\nenable_confirmations = true\n\
         [auth.hook.send_email]\nenabled = true\nuri = \"http://{address}/\"\n\
         secrets = \"v1,whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=\"\n"
    ))
    .await;
    let service = backend.endpoints().service_role_key.clone();
    let user = json!({ "email": KNOWN, "password": PASSWORD, "email_confirm": true });
    let path = "/auth/v1/admin/users";
    backend
        .send(Method::POST, path, Some(&service), Some(&user))
        .await;
    let mail = |address: &str| json!({ "email": address });
    let account = |address: &str| json!({ "email": address, "password": "another horse 2" });
    let pending = |address: &str| json!({ "type": "signup", "email": address });
    // Each pair: whose answer takes long by itself, and whose would not.
    for (path, slow, quick) in [
        ("signup", account("pending@example.com"), account(KNOWN)),
        ("recover", mail(KNOWN), mail("nobody@example.com")),
        (
            "resend",
            pending("pending@example.com"),
            pending("nobody@example.com"),
        ),
        ("resend", pending("pending@example.com"), pending(KNOWN)),
        ("otp", mail("new@example.com"), mail(KNOWN)),
        ("magiclink", mail("newer@example.com"), mail(KNOWN)),
    ] {
        for (name, body) in [("slow", slow), ("quick", quick)] {
            let started = Instant::now();
            let answer = call(&backend, path, body).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            let took = started.elapsed();
            assert!(took >= SLOW, "{path}, {name}: {took:?}");
        }
    }
    backend.stop().await;
}
