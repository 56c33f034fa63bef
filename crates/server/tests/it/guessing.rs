//! Guessing one-time codes runs into the limits that `ferrobase_auth::model::guessing` counts with.

use axum::http::Method;
use ferrobase_db::Executor;
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

/// Fifteen attempts for one address are judged, whoever makes them; known and unknown addresses look the same.
#[tokio::test(flavor = "multi_thread")]
async fn mailed_codes() {
    let backend = Backend::start("[auth.email]\nenable_confirmations = true\n").await;
    let sent = call(&backend, "otp", None, json!({ "email": "ann@example.com" })).await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    for address in ["ann@example.com", "nobody@example.com"] {
        let guess = async |code: usize| {
            let guess = json!({ "type": "email", "email": address, "token": format!("{code:06}") });
            call(&backend, "verify", None, guess).await
        };
        for code in 0..15 {
            let answer = guess(code).await;
            assert_eq!(answer.json["error_code"], "otp_expired", "{}", answer.text);
        }
        let answer = guess(15).await;
        assert_eq!(answer.status, 429, "{address}: {}", answer.text);
        assert_eq!(answer.json["error_code"], "over_request_rate_limit");
    }
    backend.stop().await;
}

/// Many attempts side by side are not more than in turn.
#[tokio::test(flavor = "multi_thread")]
async fn mailed_codes_side_by_side() {
    let backend = Backend::start("").await;
    let guesses = (0..60).map(|code| {
        let guess = json!({ "type": "email", "email": "ann@example.com", "token": format!("{code:06}") });
        call(&backend, "verify", None, guess)
    });
    let answers = futures_util::future::join_all(guesses).await;
    let judged = answers.iter().filter(|answer| answer.status == 403).count();
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    assert_eq!((judged, refused), (15, 45));
    backend.stop().await;
}

/// What the original would put into a link leads nowhere: it can be computed from the address.
#[tokio::test(flavor = "multi_thread")]
async fn links_cannot_be_computed() {
    let backend = Backend::start("").await;
    let service = backend.endpoints().service_role_key.clone();
    let body = json!({ "type": "magiclink", "email": "ann@example.com" });
    let link = call(&backend, "admin/generate_link", Some(&service), body).await;
    assert_eq!(link.status, 200, "{}", link.text);
    let code = link.json["email_otp"].as_str().unwrap();
    let row = backend
        .sql()
        .query_one(
            "select encode(sha224(convert_to('ann@example.com' || $1::text, 'utf8')), 'hex')",
            &[&code],
        )
        .await
        .unwrap();
    let computed: String = row.try_get(0).unwrap();
    assert_ne!(link.json["hashed_token"], json!(computed));
    let kind = link.json["verification_type"].clone();
    let guess = json!({ "type": kind, "token_hash": computed });
    let answer = call(&backend, "verify", None, guess).await;
    assert_eq!(answer.json["error_code"], "otp_expired", "{}", answer.text);
    let own = json!({ "type": kind, "token_hash": link.json["hashed_token"] });
    let answer = call(&backend, "verify", None, own).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    backend.stop().await;
}
