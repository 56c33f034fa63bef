//! What users see of it, take back, and end.

use ferrobase_db::Executor;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_is_revoked_ends_what_came_of_it() {
    let world = World::start("").await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let (client, other) = (
        world.client("none").await,
        world.client("client_secret_basic").await,
    );
    let tokens = world.tokens(&client, &ann, "openid email").await;
    let kept = [
        (world.tokens(&other, &ann, "email").await, &other),
        (world.tokens(&client, &bob, "email").await, &client),
    ];
    let unused = world.code(&client, &ann, &[]).await;
    let waiting = world.request(&client, &[("scope", "phone")]).await;
    world.details(&ann, &waiting).await;

    let list = world.as_user(Method::GET, &ann, "/user/oauth/grants", None).await;
    assert_eq!(list.json.as_array().unwrap().len(), 2, "{}", list.text);
    let grant = &list.json[1];
    assert_eq!(grant["client"], json!({"id": client.id, "name": "Example"}));
    assert_eq!(grant["scopes"], json!(["openid", "email"]));
    assert!(grant["granted_at"].is_string());

    let revoke = async |session: &Value, id: &str| {
        let path = format!("/user/oauth/grants?client_id={id}");
        world.as_user(Method::DELETE, session, &path, None).await
    };
    let gone = revoke(&ann, &client.id).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    let answer = world.as_user(Method::GET, &tokens, "/oauth/userinfo", None).await;
    assert_eq!(refusal(&answer), (403, "session_not_found"));
    assert_eq!(
        oauth_error(&world.refresh(&client, &tokens).await),
        "invalid_grant"
    );
    assert_eq!(
        oauth_error(&world.exchange(&client, &unused).await),
        "invalid_grant"
    );
    assert_eq!(
        refusal(&world.decide(&ann, &waiting, "approve").await),
        (404, "oauth_authorization_not_found")
    );
    for (tokens, client) in &kept {
        assert_eq!(world.refresh(client, tokens).await.status, 200);
    }
    assert_eq!(world.as_user(Method::GET, &ann, "/user", None).await.status, 200);
    assert_eq!(
        refusal(&revoke(&ann, &client.id).await),
        (404, "oauth_consent_not_found")
    );
    assert_eq!(refusal(&revoke(&ann, "").await), (400, "validation_failed"));
    assert_eq!(refusal(&revoke(&ann, "x").await), (400, "validation_failed"));
    // Asked again, for less.
    let name = world.request(&client, &[]).await;
    assert!(world.details(&ann, &name).await.json["redirect_url"].is_null());
    world.decide(&ann, &name, "approve").await;
    let list = world.as_user(Method::GET, &ann, "/user/oauth/grants", None).await;
    assert_eq!(list.json[0]["scopes"], json!(["email"]));
    let audited = world
        .backend
        .sql()
        .query_one(
            "select count(*) from auth.audit_log_entries where payload->'traits'->>'action' = 'revoke_oauth_grant'",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(audited.try_get::<_, i64>(0).unwrap(), 1);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_signs_itself_out_and_nobody_else() {
    let world = World::start("").await;
    let ann = world.user("ann").await;
    let (client, other) = (world.client("none").await, world.client("none").await);
    let theirs = world.tokens(&other, &ann, "email").await;
    let tokens = [
        world.tokens(&client, &ann, "email").await,
        world.tokens(&client, &ann, "email").await,
        world.tokens(&client, &ann, "email").await,
        world.tokens(&client, &ann, "email").await,
    ];
    let alive = async |tokens: &Value| {
        world
            .as_user(Method::GET, tokens, "/oauth/userinfo", None)
            .await
            .status
            == 200
    };
    for (scope, by, left) in [("local", 3, 3), ("others", 0, 1), ("global", 0, 0)] {
        let path = format!("/logout?scope={scope}");
        assert_eq!(
            world.as_user(Method::POST, &tokens[by], &path, None).await.status,
            204
        );
        let mut count = 0;
        for tokens in &tokens {
            count += usize::from(alive(tokens).await);
        }
        assert_eq!(count, left, "{scope}");
    }
    assert!(alive(&theirs).await && alive(&ann).await);
    // The user ends all of them.
    assert_eq!(
        world
            .as_user(Method::POST, &ann, "/logout?scope=global", None)
            .await
            .status,
        204
    );
    assert!(!alive(&theirs).await);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_banned_user_grants_nothing() {
    let world = World::start("").await;
    let ann = world.user("ann").await;
    let client = world.client("none").await;
    let tokens = world.tokens(&client, &ann, "email").await;
    let code = world.code(&client, &ann, &[]).await;
    world
        .backend
        .sql()
        .execute(
            "update auth.users set banned_until = now() + interval '1 hour'",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        oauth_error(&world.exchange(&client, &code).await),
        "access_denied"
    );
    assert_eq!(
        oauth_error(&world.refresh(&client, &tokens).await),
        "invalid_grant"
    );
    let answer = world.as_user(Method::GET, &tokens, "/oauth/userinfo", None).await;
    assert_eq!(refusal(&answer), (403, "user_banned"));
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_clients_do_not_compete_with_the_users_own() {
    let world = World::start("[auth.sessions]\nsingle_per_user = true\n").await;
    let ann = world.user("ann").await;
    let client = world.client("none").await;
    let tokens = world.tokens(&client, &ann, "email").await;
    let refreshed = world.refresh(&client, &tokens).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.text);
    let body = json!({"refresh_token": ann["refresh_token"]});
    let path = "/auth/v1/token?grant_type=refresh_token";
    let app = world.backend.send(Method::POST, path, None, Some(&body)).await;
    assert_eq!(app.status, 200, "{}", app.text);
    assert_eq!(world.refresh(&client, &refreshed.json).await.status, 200);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_exchanged_while_its_grant_is_revoked_leaves_nothing() {
    let world = World::start("").await;
    let ann = world.user("ann").await;
    let client = world.client("none").await;
    let path = format!("/user/oauth/grants?client_id={}", client.id);
    for _ in 0..12 {
        let code = world.code(&client, &ann, &[]).await;
        let (exchanged, revoked) = tokio::join!(
            world.exchange(&client, &code),
            world.as_user(Method::DELETE, &ann, &path, None)
        );
        assert_eq!(revoked.status, 204, "{}", revoked.text);
        if exchanged.status == 200 {
            let answer = world
                .as_user(Method::GET, &exchanged.json, "/oauth/userinfo", None)
                .await;
            assert_eq!(refusal(&answer), (403, "session_not_found"));
        } else {
            assert_eq!(oauth_error(&exchanged), "invalid_grant");
        }
    }
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_exchanged_while_its_client_is_deleted_leaves_nothing() {
    let world = World::start("").await;
    let ann = world.user("ann").await;
    for _ in 0..12 {
        let client = world.client("none").await;
        let code = world.code(&client, &ann, &[]).await;
        let path = format!("/{}", client.id);
        let (exchanged, deleted) = tokio::join!(
            world.exchange(&client, &code),
            world.admin(Method::DELETE, &path, None)
        );
        assert_eq!(deleted.status, 204, "{}", deleted.text);
        if exchanged.status == 200 {
            let answer = world
                .as_user(Method::GET, &exchanged.json, "/oauth/userinfo", None)
                .await;
            assert_eq!(refusal(&answer), (403, "session_not_found"));
        } else {
            assert_eq!(exchanged.status, 400, "{}", exchanged.text);
        }
    }
    world.backend.stop().await;
}
