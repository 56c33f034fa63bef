//! Guessing one-time codes runs into the limits that `ferrobase_auth::model::guessing` counts with.

use axum::http::Method;
use ferrobase_testkit::{Answer, Backend};
use serde_json::{Value, json};

async fn call(backend: &Backend, path: &str, token: Option<&str>, body: Value) -> Answer {
    let path = format!("/auth/v1/{path}");
    backend.send(Method::POST, &path, token, Some(&body)).await
}

async fn challenge(backend: &Backend, factor: &str, token: &str) -> Value {
    let path = format!("factors/{factor}/challenge");
    let answer = call(backend, &path, Some(token), json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json["id"].clone()
}

/// Fifteen wrong codes are judged, whatever number of challenges they are spread over; then the factor pauses.
#[tokio::test(flavor = "multi_thread")]
async fn authenticator_codes() {
    let backend = Backend::start("[auth.mfa.totp]\nenroll_enabled = true\nverify_enabled = true\n").await;
    let account = json!({ "email": "ann@example.com", "password": "correct horse 1" });
    let welcome = call(&backend, "signup", None, account).await;
    let token = welcome.json["access_token"].as_str().unwrap();
    let factor = call(&backend, "factors", Some(token), json!({ "factor_type": "totp" })).await;
    let id = factor.json["id"].as_str().unwrap();
    let path = format!("factors/{id}/verify");

    let mut judged = 0;
    let mut challenge_id = challenge(&backend, id, token).await;
    let paused = loop {
        let guess = json!({ "challenge_id": challenge_id, "code": format!("{judged:06}") });
        let answer = call(&backend, &path, Some(token), guess).await;
        match answer.json["error_code"].as_str() {
            Some("mfa_verification_failed") => judged += 1,
            Some("mfa_challenge_expired") => challenge_id = challenge(&backend, id, token).await,
            _ if answer.status == 200 => panic!("a lucky guess: run again"),
            _ => break answer,
        }
        assert!(judged < 100, "nothing stops the guesses");
    };
    assert_eq!(judged, 15);
    assert_eq!(
        (paused.status, &paused.json["error_code"]),
        (429, &json!("over_request_rate_limit"))
    );
    // A fresh challenge does not help.
    let guess = json!({ "challenge_id": challenge(&backend, id, token).await, "code": "123456" });
    let answer = call(&backend, &path, Some(token), guess).await;
    assert_eq!(answer.status, 429, "{}", answer.text);
    backend.stop().await;
}

/// Thirty requests of one client are judged, then one in ten seconds.
#[tokio::test(flavor = "multi_thread")]
async fn mailed_codes() {
    let backend = Backend::start(
        "[auth.email]\nenable_confirmations = true\n[auth.rate_limit]\nheader = \"x-client\"\n",
    )
    .await;
    let sent = call(&backend, "otp", None, json!({ "email": "ann@example.com" })).await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    let guess = async |client: &str, code: usize| {
        let headers = vec![
            ("apikey".to_owned(), backend.endpoints().anon_key.clone()),
            ("x-client".to_owned(), client.to_owned()),
        ];
        let guess = json!({ "type": "email", "email": "ann@example.com", "token": format!("{code:06}") });
        backend
            .raw(
                Method::POST,
                "/auth/v1/verify",
                headers,
                guess.to_string().into_bytes(),
            )
            .await
    };
    for code in 0..30 {
        let answer = guess("10.0.0.1", code).await;
        assert_eq!(answer.json["error_code"], "otp_expired", "{}", answer.text);
    }
    // The bucket gets one every ten seconds; the guesses above may have taken some of those.
    let mut refused = None;
    for code in 30..40 {
        let answer = guess("10.0.0.1", code).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    assert_eq!(refused.unwrap().json["error_code"], "over_request_rate_limit");
    assert_eq!(guess("10.0.0.2", 40).await.status, 403);
    backend.stop().await;
}
