//! What tokens say, how long they are, and whose they are.

use axum::http::Method;
use ferrobase_jwt::{KeyAlgorithm, generate_key};
use serde_json::{Value, json};

use super::{Target, made, signer, with_secret};

/// Odd claims under a right signature: the services agree about what they mean, and none of it crashes or lifts a limit.
#[tokio::test(flavor = "multi_thread")]
async fn odd_claims_do_no_harm() {
    let target = Target::start().await;
    let good = target.claims();
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        target.signed(&claims)
    };
    for (name, value) in [
        ("exp", json!("9999999999")),
        ("exp", json!(-1)),
        ("exp", json!(0)),
        ("exp", json!(1.5)),
        ("exp", json!(-1e300)),
        ("exp", json!(true)),
        ("exp", json!([9_999_999_999_i64])),
        ("exp", json!({"$gt": 0})),
        ("nbf", json!(9_999_999_999_i64)),
        ("nbf", json!(1e300)),
        ("nbf", json!("0")),
        ("iat", json!("now")),
    ] {
        target
            .refuses(&format!("{name} {value}"), &with(name, value))
            .await;
    }
    for value in [
        json!(9_999_999_999_i64),
        json!(99_999_999_999.75),
        json!(1e300),
        json!(u64::MAX),
    ] {
        assert_eq!(
            target.user(&with("exp", value.clone())).await.status,
            200,
            "exp {value}"
        );
    }

    // Whom the token is about: the table of auth.md 1.1.
    let stranger = json!("6f9c2f64-0000-4000-8000-000000000000");
    for (name, value, status, code) in [
        ("sub", Value::Null, 403, "bad_jwt"),
        ("sub", json!(""), 403, "bad_jwt"),
        ("sub", json!(7), 403, "bad_jwt"),
        ("sub", json!("' or true --"), 400, "bad_jwt"),
        ("sub", stranger.clone(), 403, "user_not_found"),
        ("session_id", json!("x"), 403, "bad_jwt"),
        ("session_id", stranger.clone(), 403, "session_not_found"),
    ] {
        let answer = target.user(&with(name, value.clone())).await;
        assert_eq!(
            (answer.status, answer.json["error_code"].as_str()),
            (status, Some(code)),
            "{name} {value}: {}",
            answer.text
        );
    }
    // Without a session there is nothing to end, as in the original.
    assert_eq!(target.user(&with("session_id", Value::Null)).await.status, 200);

    // Which role: anybody without one, a refusal for what the login may not become.
    let mut claims = good.clone();
    claims.as_object_mut().unwrap().remove("role");
    let answer = target.whoami(Some(&target.signed(&claims))).await;
    assert_eq!(answer.json["role"], "anon", "{}", answer.text);
    for role in [
        "postgres",
        "supabase_admin",
        "none",
        "no such role",
        "anon; drop table x",
        "\u{0}",
    ] {
        let answer = target.whoami(Some(&with("role", json!(role)))).await;
        assert!((400..500).contains(&answer.status), "{role}: {}", answer.text);
    }
    for role in [json!(["service_role"]), json!({"a": 1}), json!(1)] {
        let answer = target.whoami(Some(&with("role", role.clone()))).await;
        assert_ne!(answer.json["role"], "service_role", "{role}: {}", answer.text);
    }

    // The same claim twice: all readers take the last one.
    let secret = target.backend.endpoints().jwt_secret.clone();
    let text = good.to_string();
    let twice = format!("{},\"role\":\"anon\"}}", &text[..text.len() - 1]);
    let token = made(r#"{"alg":"HS256"}"#, &twice, with_secret(secret.as_bytes()));
    let answer = target.whoami(Some(&token)).await;
    assert_eq!(
        (&answer.json["role"], &answer.json["claims"]["role"]),
        (&json!("anon"), &json!("anon"))
    );
    let twice = format!("{},\"exp\":1}}", &text[..text.len() - 1]);
    let token = made(r#"{"alg":"HS256"}"#, &twice, with_secret(secret.as_bytes()));
    target.refuses("exp twice", &token).await;

    // Claims that are no object, or deeper than any reader goes.
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(4000), "]".repeat(4000));
    for claims in ["", "null", "[]", "\"a\"", "1", "{", "{}x", &deep, "\u{feff}{}"] {
        let token = made(r#"{"alg":"HS256"}"#, claims, with_secret(secret.as_bytes()));
        target.refuses(&format!("claims {claims:.20}"), &token).await;
    }
    let deep_header = format!(
        "{{\"alg\":\"HS256\",\"a\":{}1{}}}",
        "[".repeat(4000),
        "]".repeat(4000)
    );
    let token = made(&deep_header, &text, with_secret(secret.as_bytes()));
    target.refuses("a deep header", &token).await;
    target.backend.stop().await;
}

/// Tokens longer than 16 KiB are not looked at, and headers have an end.
#[tokio::test(flavor = "multi_thread")]
async fn oversized_tokens_cost_nothing() {
    let target = Target::start().await;
    let mut claims = target.claims();
    claims["padding"] = json!("x".repeat(20_000));
    target
        .refuses("20 KB, rightly signed", &target.signed(&claims))
        .await;
    let anon = target.backend.endpoints().anon_key.clone();
    for length in [100_000, 1_000_000] {
        let token = "a".repeat(length);
        for headers in [
            vec![
                ("apikey".to_owned(), anon.clone()),
                ("authorization".to_owned(), format!("Bearer {token}")),
            ],
            vec![("apikey".to_owned(), token.clone())],
        ] {
            let answer = target
                .backend
                .raw(Method::GET, "/auth/v1/user", headers, Vec::new())
                .await;
            assert!((400..500).contains(&answer.status), "{length}: {}", answer.status);
        }
    }
    assert_eq!(target.user(target.token()).await.status, 200);
    target.backend.stop().await;
}

/// Project keys are not users, users are not administrators, and nothing of another project counts.
#[tokio::test(flavor = "multi_thread")]
async fn keys_and_tokens_stay_what_they_are() {
    let target = Target::start().await;
    let keys = target.backend.endpoints().clone();
    for key in [
        &keys.anon_key,
        &keys.service_role_key,
        &keys.publishable_key,
        &keys.secret_key,
    ] {
        let answer = target.user(key).await;
        assert_eq!(
            (answer.status, answer.json["error_code"].as_str()),
            (403, Some("bad_jwt")),
            "{}",
            answer.text
        );
    }
    let admin = target
        .backend
        .send(Method::GET, "/auth/v1/admin/users", Some(target.token()), None)
        .await;
    assert_eq!(admin.json["error_code"], "not_admin", "{}", admin.text);
    // A user's token where a project key belongs lets in, but signs nobody in.
    let headers = vec![("apikey".to_owned(), target.token().to_owned())];
    let answer = target
        .backend
        .raw(Method::GET, "/auth/v1/user", headers.clone(), Vec::new())
        .await;
    assert_eq!(answer.json["error_code"], "no_authorization", "{}", answer.text);
    let path = "/rest/v1/rpc/whoami";
    let answer = target
        .backend
        .raw(Method::POST, path, headers, b"{}".to_vec())
        .await;
    assert_eq!(answer.json["role"], "anon", "{}", answer.text);

    // Another project: other keys, even under the same name.
    let mut other = generate_key(KeyAlgorithm::Es256).unwrap();
    target
        .refuses(
            "another project's token",
            &signer(other.clone()).sign(&target.claims()).unwrap(),
        )
        .await;
    other["kid"] = target.ec["kid"].clone();
    target
        .refuses(
            "under the same kid",
            &signer(other).sign(&target.claims()).unwrap(),
        )
        .await;
    let foreign = made(
        r#"{"alg":"HS256"}"#,
        &json!({"role": "service_role", "iss": "ferrobase", "exp": 9_999_999_999_i64}).to_string(),
        with_secret(b"the secret of another project, long enough"),
    );
    target
        .refuses("another project's service_role key", &foreign)
        .await;
    for key in [
        foreign.as_str(),
        "sb_secret_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA",
        "sb_secret_",
        "sb_publishable_",
    ] {
        let headers = vec![("apikey".to_owned(), key.to_owned())];
        let answer = target
            .backend
            .raw(Method::GET, "/auth/v1/settings", headers, Vec::new())
            .await;
        assert_eq!(answer.status, 401, "{key}: {}", answer.text);
    }
    // An audience that is not this request's, and an issuer that is not ours: the signature says that we wrote it, and the
    // original asks for no more than the audience.
    let mut claims = target.claims();
    claims["iss"] = json!("https://elsewhere.example");
    assert_eq!(target.user(&target.signed(&claims)).await.status, 200);
    let anon = keys.anon_key.clone();
    let headers = vec![
        ("apikey".to_owned(), anon),
        ("authorization".to_owned(), format!("Bearer {}", target.token())),
        ("x-jwt-aud".to_owned(), "elsewhere".to_owned()),
    ];
    let answer = target
        .backend
        .raw(Method::GET, "/auth/v1/user", headers, Vec::new())
        .await;
    assert_eq!(answer.json["error_code"], "validation_failed", "{}", answer.text);
    target.backend.stop().await;
}
