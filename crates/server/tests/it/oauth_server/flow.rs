//! What works.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn confidential_and_public_clients_get_tokens_by_form_and_json() {
    let world = World::start("").await;
    let ann = world.user("ann").await;
    for method in ["client_secret_basic", "client_secret_post", "none"] {
        let client = world.client(method).await;
        assert_eq!(client.secret.len(), if method == "none" { 0 } else { 43 });
        let name = world
            .request(&client, &[("scope", "openid email"), ("nonce", "n-1")])
            .await;
        assert_eq!(name.len(), 32);
        let details = world.details(&ann, &name).await;
        assert_eq!(
            details.json,
            json!({
                "authorization_id": name, "redirect_uri": CALLBACK, "scope": "openid email",
                "client": {"id": client.id, "name": "Example"},
                "user": {"id": ann["user"]["id"], "email": "ann@example.com"},
            })
        );
        let redirect = world.decide(&ann, &name, "approve").await;
        let redirect = redirect.json["redirect_url"].as_str().unwrap().to_owned();
        let given = query(&redirect);
        assert!(redirect.starts_with(&format!("{CALLBACK}?code=")), "{redirect}");
        assert_eq!(given["state"], "a mark");

        let answer = world.exchange(&client, &given["code"]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.headers["cache-control"], "no-store");
        let tokens = answer.json;
        assert_eq!(
            (&tokens["token_type"], &tokens["expires_in"]),
            (&json!("bearer"), &json!(3600))
        );
        assert!(tokens.get("user").is_none() && tokens["scope"] == "openid email");
        let access = claims(&tokens["access_token"]);
        assert_eq!(
            (&access["client_id"], &access["scope"]),
            (&json!(client.id), &json!("openid email"))
        );
        assert_eq!(access["amr"][0]["method"], "oauth_provider/authorization_code");
        assert_eq!(access["aud"], "authenticated");
        let id = claims(&tokens["id_token"]);
        assert_eq!(
            (&id["aud"], &id["nonce"], &id["sub"]),
            (&json!(client.id), &json!("n-1"), &ann["user"]["id"])
        );
        assert_eq!(
            (&id["email"], &id["email_verified"]),
            (&json!("ann@example.com"), &json!(true))
        );
        assert!(id.get("name").is_none() && id.get("role").is_none() && id.get("session_id").is_none());
        assert!(id["auth_time"].as_i64() <= id["iat"].as_i64());

        let refreshed = world.refresh(&client, &tokens).await;
        assert_eq!(refreshed.status, 200, "{}", refreshed.text);
        let again = claims(&refreshed.json["access_token"]);
        assert_eq!(
            (&again["client_id"], &again["scope"]),
            (&access["client_id"], &access["scope"])
        );
        assert_eq!(again["session_id"], access["session_id"]);
        assert_ne!(refreshed.json["refresh_token"], tokens["refresh_token"]);
    }
    // The same as JSON, with the parameters of RFC 8707, and without the optional address.
    let client = world.client("client_secret_post").await;
    let resource = ("resource", "https://api.example/v1");
    let code = world.code(&client, &ann, &[resource, ("scope", "")]).await;
    let body = json!({
        "grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, "client_id": client.id,
        "client_secret": client.secret, "resource": resource.1, "redirect_uri": null,
    });
    let headers = vec![(
        "content-type".to_owned(),
        "application/json; charset=utf-8".to_owned(),
    )];
    let answer = world
        .backend
        .raw(
            Method::POST,
            "/auth/v1/oauth/token",
            headers,
            body.to_string().into_bytes(),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    // What a client gets that asks for nothing.
    assert_eq!(answer.json["scope"], "email");
    assert!(answer.json.get("id_token").is_none());
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn userinfo_tells_what_the_scopes_say() {
    let world = World::start("").await;
    let ann = world.user("ann").await;
    let client = world.client("none").await;
    let tokens = world.tokens(&client, &ann, "openid").await;
    let sub = &ann["user"]["id"];
    for (method, scope, wanted) in [
        (Method::GET, "openid", json!({"sub": sub})),
        (
            Method::POST,
            "email openid",
            json!({"sub": sub, "email": "ann@example.com", "email_verified": true}),
        ),
        (
            Method::GET,
            "phone openid",
            json!({"sub": sub, "phone_number_verified": false, "phone_verified": false}),
        ),
    ] {
        let tokens = world.tokens(&client, &ann, scope).await;
        let answer = world.as_user(method, &tokens, "/oauth/userinfo", None).await;
        assert_eq!((answer.status, answer.json), (200, wanted));
    }
    let profile = world.tokens(&client, &ann, "profile").await;
    let answer = world
        .as_user(Method::GET, &profile, "/oauth/userinfo", None)
        .await;
    assert_eq!(answer.json["name"], "ann");
    assert_eq!(answer.json["picture"], "https://pictures.example/1");
    assert_eq!(answer.json["user_metadata"]["name"], "ann");
    assert!(answer.json.get("email").is_none());
    // A client may ask for less when it refreshes; the new access token is good for that only.
    let all = world.tokens(&client, &ann, "openid email").await;
    let token = all["refresh_token"].as_str().unwrap();
    let narrowed = world
        .token(
            &client,
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", token),
                ("scope", "openid"),
            ],
        )
        .await;
    assert_eq!(narrowed.json["scope"], "openid", "{}", narrowed.text);
    let answer = world
        .as_user(Method::GET, &narrowed.json, "/oauth/userinfo", None)
        .await;
    assert_eq!(answer.json, json!({"sub": sub}));
    // The project's own app has no scopes.
    let answer = world.as_user(Method::GET, &ann, "/oauth/userinfo", None).await;
    assert_eq!(answer.json, json!({"sub": sub}));
    drop(tokens);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_is_asked_once_for_what_it_covers() {
    let world = World::start("").await;
    let ann = world.user("ann").await;
    let client = world.client("none").await;
    world.tokens(&client, &ann, "email").await;
    // Covered: the details are a redirect at once.
    let name = world.request(&client, &[]).await;
    let details = world.details(&ann, &name).await;
    assert!(
        details.json["redirect_url"]
            .as_str()
            .unwrap()
            .starts_with(CALLBACK)
    );
    assert_eq!(
        refusal(&world.details(&ann, &name).await),
        (400, "validation_failed")
    );
    // More than that: asked again, and then all of it is allowed.
    let name = world.request(&client, &[("scope", "profile")]).await;
    assert_eq!(world.details(&ann, &name).await.json["scope"], "profile");
    assert_eq!(world.decide(&ann, &name, "approve").await.status, 200);
    let name = world.request(&client, &[("scope", "email profile")]).await;
    assert!(world.details(&ann, &name).await.json["redirect_url"].is_string());
    // Another client is another question; a query of the registered address stays.
    let other = world.client("none").await;
    let name = world
        .request(&other, &[("redirect_uri", "http://127.0.0.1:9/cb?kept=1")])
        .await;
    assert!(world.details(&ann, &name).await.json["redirect_url"].is_null());
    let denied = world.decide(&ann, &name, "deny").await;
    assert_eq!(
        denied.json["redirect_url"],
        "http://127.0.0.1:9/cb?kept=1&error=access_denied&error_description=User+denied+the+request&state=a+mark"
    );
    assert_eq!(
        refusal(&world.decide(&ann, &name, "approve").await),
        (400, "validation_failed")
    );
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discovery_is_where_clients_look() {
    let world = World::start("allow_dynamic_registration = true\n").await;
    let issuer = format!(
        "{}/auth/v1",
        world.backend.endpoints().api_url.trim_end_matches('/')
    );
    let document = world.browse("/auth/v1/.well-known/openid-configuration").await;
    assert_eq!(document.status, 200, "{}", document.text);
    assert_eq!(document.headers["cache-control"], "public, max-age=600");
    let of = |name: &str| document.json[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(of("issuer"), issuer);
    for (name, path) in [
        ("authorization_endpoint", "/oauth/authorize"),
        ("token_endpoint", "/oauth/token"),
        ("jwks_uri", "/.well-known/jwks.json"),
        ("userinfo_endpoint", "/oauth/userinfo"),
        ("registration_endpoint", "/oauth/clients/register"),
    ] {
        assert_eq!(of(name), format!("{issuer}{path}"));
    }
    assert_eq!(
        document.json["id_token_signing_alg_values_supported"],
        json!(["ES256"])
    );
    assert_eq!(
        document.json["scopes_supported"],
        json!(["openid", "profile", "email", "phone", "offline_access"])
    );
    for path in [
        "/auth/v1/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/auth/v1",
        "/.well-known/openid-configuration/auth/v1",
    ] {
        assert_eq!(world.browse(path).await.json, document.json, "{path}");
    }
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_server_there_is_only_openid_discovery() {
    let backend = Backend::start("[auth]\njwt_signing_algorithm = \"HS256\"\n").await;
    let world = World { backend };
    let document = world.browse("/auth/v1/.well-known/openid-configuration").await;
    assert_eq!(document.status, 200);
    assert!(document.json.get("registration_endpoint").is_none());
    // Nobody could check an ID token that the project's secret signs.
    assert!(!document.json["scopes_supported"].to_string().contains("openid"));
    let ann = world.user("ann").await;
    for (method, path) in [
        (Method::GET, "/.well-known/oauth-authorization-server"),
        (Method::GET, "/oauth/authorize"),
        (Method::POST, "/oauth/token"),
        (Method::POST, "/oauth/clients/register"),
        (Method::GET, "/oauth/userinfo"),
        (Method::GET, "/oauth/authorizations/x"),
        (Method::POST, "/oauth/authorizations/x/consent"),
        (Method::GET, "/user/oauth/grants"),
        (Method::DELETE, "/user/oauth/grants?client_id=x"),
    ] {
        let answer = world.as_user(method, &ann, path, Some(json!({}))).await;
        assert_eq!(refusal(&answer), (404, "feature_disabled"), "{path}");
    }
    for (method, path) in [
        (Method::GET, ""),
        (Method::POST, ""),
        (Method::GET, "/x"),
        (Method::DELETE, "/x"),
    ] {
        let answer = world.admin(method, path, Some(json!({}))).await;
        assert_eq!(refusal(&answer), (404, "feature_disabled"), "{path}");
    }
    world.backend.stop().await;
}
