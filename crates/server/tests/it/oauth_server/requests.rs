//! Requests that are refused: here, or at the client.

use ferrobase_auth::store::cleanup;
use ferrobase_db::Executor;
use ferrobase_jwt::Clock;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_never_sent_to_an_address_that_is_not_registered() {
    let world = World::start("").await;
    let client = world.client("none").await;
    let stranger = Client {
        id: "00000000-0000-4000-8000-000000000001".to_owned(),
        ..client.clone()
    };
    assert_eq!(
        refusal(&world.authorize(&stranger, &[]).await),
        (400, "oauth_client_not_found")
    );
    for (name, value, wanted) in [
        ("client_id", "", "validation_failed"),
        ("client_id", "x", "oauth_client_not_found"),
        ("redirect_uri", "", "validation_failed"),
    ] {
        assert_eq!(
            refusal(&world.authorize(&client, &[(name, value)]).await),
            (400, wanted)
        );
    }
    for uri in [
        "https://client.example/callback/",
        "https://client.example/callback/../evil",
        "https://client.example/callback%2F..%2Fevil",
        "https://client.example/callback?x=1",
        "https://client.example/callback#x",
        "https://client.example/callbac",
        "https://client.example/callbackevil",
        "https://client.example",
        "https://client.example:443/callback",
        "https://client.example:8443/callback",
        "https://CLIENT.example/callback",
        "HTTPS://client.example/callback",
        "http://client.example/callback",
        "https://user@client.example/callback",
        "https://client.example@evil.example/callback",
        "https://client.example.evil.example/callback",
        "https://evil.example/?https://client.example/callback",
        "https://evil.example/callback",
        "//client.example/callback",
        "/callback",
        "https://client.example/callback ",
        "https://client.example/callback\0",
        "https://client.example/callback,http://127.0.0.1:9/cb?kept=1",
        "http://127.0.0.1:9/cb",
        "http://127.0.0.1:10/cb?kept=1",
        "http://localhost:9/cb?kept=1",
        "javascript:alert(1)",
    ] {
        let answer = world.authorize(&client, &[("redirect_uri", uri)]).await;
        assert_eq!(refusal(&answer), (400, "validation_failed"), "{uri}");
        assert!(answer.headers.get("location").is_none());
    }
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_mistakes_are_told_to_the_client() {
    let world = World::start("").await;
    let client = world.client("none").await;
    let long = "n".repeat(300);
    for (changes, error) in [
        (&[("code_challenge", "")][..], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (
            &[("code_challenge", ""), ("code_challenge_method", "")],
            "invalid_request",
        ),
        (&[("code_challenge_method", "none")], "invalid_request"),
        (&[("code_challenge", "short")], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "code id_token")], "unsupported_response_type"),
        (&[("scope", "email admin")], "invalid_scope"),
        (&[("scope", " ")], "invalid_scope"),
        (&[("resource", "/v1")], "invalid_target"),
        (&[("resource", "https://api.example/#x")], "invalid_target"),
        (&[("nonce", long.as_str())], "invalid_request"),
        (&[("request", "x.y.z")], "request_not_supported"),
        (&[("request_uri", "urn:x")], "request_uri_not_supported"),
        (&[("response_mode", "form_post")], "invalid_request"),
        (&[("prompt", "none")], "interaction_required"),
    ] {
        let target = location(&world.authorize(&client, changes).await);
        assert!(target.starts_with(&format!("{CALLBACK}?error=")), "{target}");
        let given = query(&target);
        assert_eq!(
            (given["error"].as_str(), given["state"].as_str()),
            (error, "a mark"),
            "{changes:?}"
        );
        assert!(!given["error_description"].is_empty());
    }
    let target = location(&world.authorize(&client, &[("scope", "x"), ("state", "")]).await);
    assert!(!query(&target).contains_key("state"));
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_endpoint_refuses_in_oauth_terms() {
    let world = World::start("").await;
    let ann = world.user("ann").await;
    let client = world.client("none").await;
    let code = world.code(&client, &ann, &[]).await;
    for (parameters, error) in [
        (&[("code", "x")][..], "invalid_request"),
        (
            &[("grant_type", "password"), ("username", "a")],
            "unsupported_grant_type",
        ),
        (&[("grant_type", "client_credentials")], "unsupported_grant_type"),
        (&[("grant_type", "authorization_code")], "invalid_request"),
        (&[("grant_type", "refresh_token")], "invalid_request"),
        (
            &[("grant_type", "authorization_code"), ("code", "unknown")],
            "invalid_grant",
        ),
        (
            &[("grant_type", "refresh_token"), ("refresh_token", "nonsense")],
            "invalid_grant",
        ),
        (
            &[("grant_type", "refresh_token"), ("refresh_token", "abcdefghijkl")],
            "invalid_grant",
        ),
        (
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("code", &code),
            ],
            "invalid_request",
        ),
    ] {
        assert_eq!(
            oauth_error(&world.token(&client, parameters).await),
            error,
            "{parameters:?}"
        );
    }
    let json = vec![("content-type".to_owned(), "application/json".to_owned())];
    let broken = world
        .backend
        .raw(Method::POST, "/auth/v1/oauth/token", json, b"{".to_vec())
        .await;
    assert_eq!(oauth_error(&broken), "invalid_request");
    let nobody = world
        .backend
        .raw(Method::POST, "/auth/v1/oauth/token", Vec::new(), Vec::new())
        .await;
    assert_eq!(oauth_error(&nobody), "invalid_client");
    // What a client was not registered for.
    let change = json!({"grant_types": ["authorization_code"]});
    world
        .admin(Method::PUT, &format!("/{}", client.id), Some(change))
        .await;
    let tokens = world.exchange(&client, &code).await;
    assert!(
        tokens.status == 200 && tokens.json.get("refresh_token").is_none(),
        "{}",
        tokens.text
    );
    let refused = world
        .token(
            &client,
            &[("grant_type", "refresh_token"), ("refresh_token", "abcdefghijkl")],
        )
        .await;
    assert_eq!(oauth_error(&refused), "unsupported_grant_type");
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_end_after_ten_minutes() {
    let world = World::start("").await;
    let ann = world.user("ann").await;
    let client = world.client("none").await;
    let sql = world.backend.sql();
    let life: f64 = {
        let name = world.request(&client, &[]).await;
        let row = sql
            .query_one(
                "select extract(epoch from expires_at - created_at)::float8 from auth.oauth_authorizations where authorization_id = $1",
                &[&name],
            )
            .await
            .unwrap();
        row.try_get(0).unwrap()
    };
    assert!((life - 600.0).abs() < 1.0, "{life}");
    let seen = world.request(&client, &[]).await;
    world.details(&ann, &seen).await;
    let code = world.code(&client, &ann, &[("scope", "phone")]).await;
    let unseen = world.request(&client, &[]).await;
    sql.execute(
        "update auth.oauth_authorizations set created_at = now() - interval '1 day', expires_at = now() - interval '1 second'",
        &[],
    )
    .await
    .unwrap();
    assert_eq!(
        refusal(&world.details(&ann, &unseen).await),
        (404, "oauth_authorization_not_found")
    );
    assert_eq!(
        refusal(&world.decide(&ann, &seen, "approve").await),
        (404, "oauth_authorization_not_found")
    );
    assert_eq!(
        oauth_error(&world.exchange(&client, &code).await),
        "invalid_grant"
    );
    // They are kept for an hour, so that it can be seen what became of them.
    let (_, clean_up) = cleanup::STATEMENTS
        .iter()
        .find(|(what, _)| *what == "requests of OAuth clients")
        .unwrap();
    let now = Clock::System.now();
    assert_eq!(cleanup::run(&sql, clean_up, now).await.unwrap(), 0);
    sql.execute(
        "update auth.oauth_authorizations set expires_at = now() - interval '61 minutes' where status = 'pending'",
        &[],
    )
    .await
    .unwrap();
    assert_eq!(cleanup::run(&sql, clean_up, now).await.unwrap(), 3);
    world.backend.stop().await;
}
