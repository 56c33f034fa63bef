//! Attacks (RFC 9700).

use ferrobase_db::Executor;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_shown_twice_ends_the_session_it_opened() {
    let world = World::start("").await;
    let ann = world.user("ann").await;
    let client = world.client("none").await;
    let other = world.tokens(&client, &ann, "email").await;
    let code = world.code(&client, &ann, &[]).await;
    let tokens = world.exchange(&client, &code).await.json;
    assert_eq!(
        world
            .as_user(Method::GET, &tokens, "/oauth/userinfo", None)
            .await
            .status,
        200
    );
    assert_eq!(
        oauth_error(&world.exchange(&client, &code).await),
        "invalid_grant"
    );
    let answer = world.as_user(Method::GET, &tokens, "/oauth/userinfo", None).await;
    assert_eq!(refusal(&answer), (403, "session_not_found"));
    assert_eq!(
        oauth_error(&world.refresh(&client, &tokens).await),
        "invalid_grant"
    );
    // Other sessions go on: the client's, and the user's own.
    assert_eq!(world.refresh(&client, &other).await.status, 200);
    assert_eq!(world.as_user(Method::GET, &ann, "/user", None).await.status, 200);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_exchanges_of_one_code_at_most_one_has_tokens() {
    let world = World::start("").await;
    let ann = world.user("ann").await;
    let client = world.client("none").await;
    let code = world.code(&client, &ann, &[]).await;
    let attempts = (0..6).map(|_| world.exchange(&client, &code));
    let answers = futures_util::future::join_all(attempts).await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_for_its_client_its_address_and_its_verifier_only() {
    let world = World::start("").await;
    let ann = world.user("ann").await;
    let client = world.client("client_secret_post").await;
    let thief = world.client("none").await;
    let resource = [("resource", "https://api.example")];
    let code = world.code(&client, &ann, &resource).await;
    let with = |name: &'static str, value: &'static str| {
        let mut grant = code_grant(&code).to_vec();
        grant.retain(|(other, _)| *other != name);
        if !value.is_empty() {
            grant.push((name, value));
        }
        grant
    };
    // Injected into another client's session at the client.
    assert_eq!(oauth_error(&world.exchange(&thief, &code).await), "invalid_grant");
    let challenge = challenge();
    let mut challenged = with("code_verifier", "");
    challenged.push(("code_verifier", &challenge));
    for attempt in [
        with("code_verifier", ""),
        with(
            "code_verifier",
            "another-verifier-another-verifier-another-verifier",
        ),
        // S256 is not taken for plain.
        challenged,
        with("redirect_uri", "http://127.0.0.1:9/cb?kept=1"),
        with("redirect_uri", "https://client.example/callback/"),
        with("redirect_uri", "https://evil.example/"),
        with("resource", "https://api.example/other"),
    ] {
        assert_eq!(
            oauth_error(&world.token(&client, &attempt).await),
            "invalid_grant",
            "{attempt:?}"
        );
    }
    // None of that has spoilt it.
    assert_eq!(
        world
            .token(&client, &with("resource", resource[0].1))
            .await
            .status,
        200
    );
    // `plain` compares the verifier itself.
    let plain = [
        ("code_challenge", VERIFIER),
        ("code_challenge_method", "plain"),
        ("scope", "phone"),
    ];
    let code = world.code(&client, &ann, &plain).await;
    assert_eq!(world.exchange(&client, &code).await.status, 200);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_belongs_to_the_user_who_saw_it_first() {
    let world = World::start("").await;
    let (ann, eve) = (world.user("ann").await, world.user("eve").await);
    let client = world.client("none").await;
    let name = world.request(&client, &[]).await;
    // Nobody can answer what they have not seen.
    assert_eq!(
        refusal(&world.decide(&eve, &name, "approve").await),
        (404, "oauth_authorization_not_found")
    );
    assert_eq!(world.details(&ann, &name).await.status, 200);
    let unknown = world.details(&eve, "unknown").await;
    for answer in [
        world.details(&eve, &name).await,
        world.decide(&eve, &name, "approve").await,
        world.decide(&eve, &name, "deny").await,
    ] {
        assert_eq!((answer.status, &answer.json), (404, &unknown.json));
    }
    for action in ["", "APPROVE", "yes"] {
        assert_eq!(
            refusal(&world.decide(&ann, &name, action).await),
            (400, "validation_failed")
        );
    }
    let path = format!("/auth/v1/oauth/authorizations/{name}");
    let anonymous = world.backend.send(Method::GET, &path, None, None).await;
    assert_eq!(refusal(&anonymous), (401, "no_authorization"));
    assert_eq!(world.decide(&ann, &name, "approve").await.status, 200);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_cannot_consent() {
    let world = World::start("").await;
    let ann = world.user("ann").await;
    let client = world.client("none").await;
    let name = world.request(&client, &[]).await;
    let from = async |origin: &str, method: Method, path: &str| {
        let headers = vec![
            ("apikey".to_owned(), world.backend.endpoints().anon_key.clone()),
            (
                "authorization".to_owned(),
                format!("Bearer {}", ann["access_token"].as_str().unwrap()),
            ),
            ("origin".to_owned(), origin.to_owned()),
        ];
        let path = format!("/auth/v1/oauth/authorizations/{name}{path}");
        world
            .backend
            .raw(method, &path, headers, b"{\"action\":\"approve\"}".to_vec())
            .await
    };
    assert_eq!(from("http://127.0.0.1:3000", Method::GET, "").await.status, 200);
    for origin in [
        "https://evil.example",
        "null",
        "http://127.0.0.1:3000.evil.example",
        "https://client.example",
    ] {
        let answer = from(origin, Method::POST, "/consent").await;
        assert_eq!(refusal(&answer), (400, "validation_failed"), "{origin}");
        assert_eq!(
            refusal(&from(origin, Method::GET, "").await),
            (400, "validation_failed")
        );
    }
    assert_eq!(
        from("http://127.0.0.1:3000", Method::POST, "/consent")
            .await
            .status,
        200
    );
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_tokens_work_for_whom_they_were_made() {
    for version in [1, 2] {
        let config = ENABLED.replace(
            "[auth]\n",
            &format!("[auth]\nrefresh_token_algorithm_version = {version}\n"),
        );
        let world = World {
            backend: Backend::start(&config).await,
        };
        let ann = world.user("ann").await;
        let (client, thief) = (
            world.client("none").await,
            world.client("client_secret_basic").await,
        );
        let tokens = world.tokens(&client, &ann, "email").await;
        let refresh = tokens["refresh_token"].as_str().unwrap();
        assert_eq!(
            oauth_error(&world.refresh(&thief, &tokens).await),
            "invalid_client"
        );
        // Not at the app's endpoint, and the app's not here.
        let path = "/auth/v1/token?grant_type=refresh_token";
        let body = json!({"refresh_token": refresh});
        let app = world.backend.send(Method::POST, path, None, Some(&body)).await;
        assert_eq!(oauth_error(&app), "invalid_client");
        assert_eq!(oauth_error(&world.refresh(&client, &ann).await), "invalid_client");
        // More than was granted.
        for scope in ["email profile", "openid", "admin"] {
            let grant = [
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh),
                ("scope", scope),
            ];
            assert_eq!(oauth_error(&world.token(&client, &grant).await), "invalid_scope");
        }
        // None of that has spoilt it.
        assert_eq!(world.refresh(&client, &tokens).await.status, 200);
        assert_eq!(world.refresh(&client, &ann).await.status, 400);
        let body = json!({"refresh_token": ann["refresh_token"]});
        let app = world.backend.send(Method::POST, path, None, Some(&body)).await;
        assert_eq!(app.status, 200, "{}", app.text);
        assert!(claims(&app.json["access_token"]).get("client_id").is_none());
        world.backend.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_refresh_token_ends_the_family() {
    let config = ENABLED.replace("[auth]\n", "[auth]\nrefresh_token_reuse_interval = 0\n");
    let world = World {
        backend: Backend::start(&config).await,
    };
    let ann = world.user("ann").await;
    let client = world.client("none").await;
    let first = world.tokens(&client, &ann, "email").await;
    let second = world.refresh(&client, &first).await.json;
    let third = world.refresh(&client, &second).await.json;
    assert_eq!(
        oauth_error(&world.refresh(&client, &first).await),
        "invalid_grant"
    );
    assert_eq!(
        oauth_error(&world.refresh(&client, &third).await),
        "invalid_grant"
    );
    assert_eq!(world.as_user(Method::GET, &ann, "/user", None).await.status, 200);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_secrets_tell_nothing() {
    let world = World::start("").await;
    let (by_header, by_body) = (
        world.client("client_secret_basic").await,
        world.client("client_secret_post").await,
    );
    let public = world.client("none").await;
    let as_client = |client: &Client, id: &str, secret: &str| Client {
        id: id.to_owned(),
        secret: secret.to_owned(),
        method: client.method.clone(),
    };
    let unknown = "00000000-0000-4000-8000-000000000001";
    let mut seen = Vec::new();
    for client in [&by_header, &by_body] {
        for (id, secret) in [
            (unknown, "x"),
            (unknown, client.secret.as_str()),
            ("not an id", "x"),
            (client.id.as_str(), "x"),
            (&client.id, &client.secret[..42]),
            (&client.id, &client.secret.to_lowercase()),
            (&client.id, &by_header.secret.chars().rev().collect::<String>()),
            (&public.id, "x"),
        ] {
            let answer = world.exchange(&as_client(client, id, secret), "code").await;
            assert_eq!(refusal(&answer), (400, "invalid_credentials"));
            seen.push(answer.text);
        }
    }
    // Without the secret, and with another client's.
    let bare = Client {
        method: "none".to_owned(),
        ..by_body.clone()
    };
    seen.push(world.exchange(&bare, "code").await.text);
    seen.push(
        world
            .exchange(&as_client(&by_body, &by_body.id, &by_header.secret), "code")
            .await
            .text,
    );
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    // The right secret in the wrong place.
    let misplaced = Client {
        method: "client_secret_post".to_owned(),
        ..by_header.clone()
    };
    assert_eq!(
        refusal(&world.exchange(&misplaced, "code").await),
        (400, "invalid_credentials")
    );
    let misplaced = Client {
        method: "client_secret_basic".to_owned(),
        ..by_body.clone()
    };
    assert_eq!(
        refusal(&world.exchange(&misplaced, "code").await),
        (400, "invalid_credentials")
    );
    assert_eq!(
        oauth_error(&world.exchange(&by_header, "code").await),
        "invalid_grant"
    );
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_party_may_not_touch_the_account() {
    let manual = ENABLED.replace("[auth]\n", "[auth]\nenable_manual_linking = true\n");
    let world = World {
        backend: Backend::start(&format!(
            "{manual}[auth.mfa.totp]\nenroll_enabled = true\nverify_enabled = true\n[auth.passkey]\nenabled = true\n"
        ))
        .await,
    };
    let ann = world.user("ann").await;
    let (client, other) = (world.client("none").await, world.client("none").await);
    let tokens = world.tokens(&client, &ann, "openid email").await;
    let waiting = world.request(&other, &[]).await;
    world.details(&ann, &waiting).await;
    for (method, path, body) in account(&client.id, &waiting) {
        let answer = world.as_user(method.clone(), &tokens, &path, Some(body)).await;
        assert_eq!(refusal(&answer), (403, "no_authorization"), "{method} {path}");
        assert_eq!(
            answer.json["msg"], "OAuth clients are not allowed to perform these actions",
            "{path}"
        );
    }
    // It may look at the user.
    let user = world.as_user(Method::GET, &tokens, "/user", None).await;
    assert_eq!((user.status, &user.json["id"]), (200, &ann["user"]["id"]));
    // A user who is an administrator does not make a client one.
    world
        .backend
        .sql()
        .execute(
            "update auth.users set role = 'service_role' where email = 'ann@example.com'",
            &[],
        )
        .await
        .unwrap();
    let tokens = world.tokens(&client, &ann, "openid email").await;
    assert_eq!(claims(&tokens["access_token"])["role"], "service_role");
    let answer = world.as_user(Method::GET, &tokens, "/admin/users", None).await;
    assert_eq!(refusal(&answer), (403, "not_admin"));
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_opens_nothing() {
    let world = World::start("").await;
    let ann = world.user("ann").await;
    let client = world.client("none").await;
    let tokens = world.tokens(&client, &ann, "openid").await;
    let as_access = json!({"access_token": tokens["id_token"]});
    for path in ["/user", "/oauth/userinfo", "/user/oauth/grants"] {
        assert_eq!(
            refusal(&world.as_user(Method::GET, &as_access, path, None).await),
            (403, "bad_jwt"),
            "{path}"
        );
    }
    let token = tokens["id_token"].as_str().unwrap();
    let data = world
        .backend
        .send(Method::GET, "/rest/v1/", Some(token), None)
        .await;
    assert!(matches!(data.status, 401 | 403), "{}", data.text);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_cannot_hide_the_client() {
    let hook =
        "[auth.hook.custom_access_token]\nenabled = true\nuri = \"pg-functions://postgres/public/claims\"\n";
    let world = World::start(hook).await;
    let sql = world.backend.sql();
    for statement in [
        "create table public.heard (event jsonb)",
        "grant all on public.heard to supabase_auth_admin",
        "create function public.claims(event jsonb) returns jsonb language plpgsql as $$ begin \
            insert into public.heard values (event); \
            return jsonb_set(event, '{claims}', (event->'claims') - 'client_id' - 'scope' || '{\"plan\": \"gold\"}'); end $$",
    ] {
        sql.execute(statement, &[]).await.unwrap();
    }
    let ann = world.user("ann").await;
    let client = world.client("none").await;
    let tokens = world.tokens(&client, &ann, "email").await;
    let refreshed = world.refresh(&client, &tokens).await.json;
    for tokens in [&tokens, &refreshed] {
        let claims = claims(&tokens["access_token"]);
        assert_eq!(
            (&claims["plan"], &claims["client_id"]),
            (&json!("gold"), &json!(client.id))
        );
        let change = world
            .as_user(Method::PUT, tokens, "/user", Some(json!({"data": {}})))
            .await;
        assert_eq!(change.status, 403);
    }
    let heard = sql
        .query(
            "select event->>'authentication_method' from public.heard where event->'claims'->>'client_id' = $1::text order by 1",
            &[&client.id],
        )
        .await
        .unwrap();
    let methods: Vec<String> = heard.iter().map(|row| row.try_get(0).unwrap()).collect();
    assert_eq!(methods, ["oauth_provider/authorization_code", "token_refresh"]);
    world.backend.stop().await;
}

/// What is the user's own: requests that would look into the account or change it.
fn account(client: &str, waiting: &str) -> Vec<(Method, String, Value)> {
    let factor = json!({"factor_type": "totp", "friendly_name": "theirs"});
    let id = "00000000-0000-4000-8000-000000000001";
    vec![
        (
            Method::PUT,
            "/user".to_owned(),
            json!({"password": "another horse 2"}),
        ),
        (
            Method::PUT,
            "/user".to_owned(),
            json!({"email": "eve@example.com"}),
        ),
        (Method::PUT, "/user".to_owned(), json!({"data": {"name": "Eve"}})),
        (Method::GET, "/reauthenticate".to_owned(), Value::Null),
        (Method::POST, "/factors".to_owned(), factor),
        (Method::POST, format!("/factors/{id}/challenge"), json!({})),
        (
            Method::POST,
            format!("/factors/{id}/verify"),
            json!({"challenge_id": id, "code": "123456"}),
        ),
        (Method::DELETE, format!("/factors/{id}"), Value::Null),
        (Method::GET, "/factors/recovery-codes".to_owned(), Value::Null),
        (Method::POST, "/factors/recovery-codes".to_owned(), json!({})),
        (
            Method::POST,
            "/factors/recovery-codes/verify".to_owned(),
            json!({"code": "a"}),
        ),
        (
            Method::POST,
            "/passkeys/registration/options".to_owned(),
            json!({}),
        ),
        (
            Method::POST,
            "/passkeys/registration/verify".to_owned(),
            json!({}),
        ),
        (Method::GET, "/passkeys".to_owned(), Value::Null),
        (
            Method::PATCH,
            format!("/passkeys/{id}"),
            json!({"friendly_name": "x"}),
        ),
        (Method::DELETE, format!("/passkeys/{id}"), Value::Null),
        (
            Method::GET,
            "/user/identities/authorize?provider=github".to_owned(),
            Value::Null,
        ),
        (Method::DELETE, format!("/user/identities/{id}"), Value::Null),
        (Method::GET, "/user/oauth/grants".to_owned(), Value::Null),
        (
            Method::DELETE,
            format!("/user/oauth/grants?client_id={client}"),
            Value::Null,
        ),
        (
            Method::GET,
            format!("/oauth/authorizations/{waiting}"),
            Value::Null,
        ),
        (
            Method::POST,
            format!("/oauth/authorizations/{waiting}/consent"),
            json!({"action": "approve"}),
        ),
    ]
}
