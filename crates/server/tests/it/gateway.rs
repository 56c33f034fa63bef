//! What the gateway answers by itself.

use axum::http::Method;
use ferrobase_testkit::Backend;

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_cors_ids_and_paths() {
    let backend = Backend::start("").await;
    let raw = async |method: Method, path: &str, pairs: &[(&str, &str)]| {
        backend.raw(method, path, headers(pairs), Vec::new()).await
    };

    let missing = raw(Method::GET, "/auth/v1/settings", &[]).await;
    assert_eq!(
        (missing.status, missing.json["message"].as_str()),
        (401, Some("No API key found in request"))
    );
    let wrong = raw(Method::GET, "/auth/v1/settings", &[("apikey", "sb_secret_wrong")]).await;
    assert_eq!(
        (wrong.status, wrong.json["message"].as_str()),
        (401, Some("Invalid API key"))
    );
    let keys = backend.endpoints();
    for key in [
        &keys.anon_key,
        &keys.publishable_key,
        &keys.secret_key,
        &keys.service_role_key,
    ] {
        assert_eq!(
            raw(Method::GET, "/auth/v1/settings", &[("apikey", key)])
                .await
                .status,
            200
        );
        let by_query = format!("/auth/v1/settings?apikey={key}");
        assert_eq!(raw(Method::GET, &by_query, &[]).await.status, 200);
    }
    let bearer = format!("Bearer {}", keys.anon_key);
    assert_eq!(
        raw(Method::GET, "/auth/v1/settings", &[("authorization", &bearer)])
            .await
            .status,
        200
    );

    let preflight = raw(
        Method::OPTIONS,
        "/auth/v1/token",
        &[
            ("origin", "http://app.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "apikey,x-client-info,x-own"),
        ],
    )
    .await;
    assert_eq!(preflight.status, 204);
    assert_eq!(
        preflight.headers["access-control-allow-headers"],
        "apikey,x-client-info,x-own"
    );
    assert_eq!(preflight.headers["access-control-allow-origin"], "*");

    let named = raw(Method::GET, "/health", &[("x-request-id", "abc-1")]).await;
    assert_eq!(
        (named.status, &named.headers["x-request-id"]),
        (200, &"abc-1".parse().unwrap())
    );
    let unnamed = raw(Method::GET, "/health", &[("x-request-id", "a b")]).await;
    assert_ne!(unnamed.headers["x-request-id"], "a b");

    let later = raw(Method::GET, "/functions/v1/any", &[("apikey", &keys.anon_key)]).await;
    assert_eq!(later.status, 501);
    let nowhere = raw(Method::GET, "/nowhere", &[("apikey", &keys.anon_key)]).await;
    assert_eq!(nowhere.status, 404);

    assert!(
        raw(Method::GET, "/metrics", &[])
            .await
            .text
            .contains("ferrobase_http_requests_total")
    );
    let forwarded = [("x-forwarded-for", "203.0.113.9")];
    assert_eq!(raw(Method::GET, "/metrics", &forwarded).await.status, 401);
    let owner = [
        ("x-forwarded-for", "203.0.113.9"),
        ("apikey", keys.secret_key.as_str()),
    ];
    assert_eq!(raw(Method::GET, "/metrics", &owner).await.status, 200);
    backend.stop().await;
}
