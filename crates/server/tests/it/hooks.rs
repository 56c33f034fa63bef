//! Hooks as database functions and as an HTTP endpoint.

use std::sync::{Arc, Mutex};

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::Method;
use axum::routing::post;
use ferrobase_db::Executor;
use ferrobase_testkit::Backend;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse 1";

async fn sign_up(backend: &Backend, email: &str) -> ferrobase_testkit::Answer {
    let body = json!({ "email": email, "password": PASSWORD });
    backend
        .send(Method::POST, "/auth/v1/signup", None, Some(&body))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn database_functions_change_claims_and_refuse_users() {
    let backend = Backend::start(
        "[auth.hook.custom_access_token]\nenabled = true\nuri = \"pg-functions://postgres/public/claims\"\n\
         [auth.hook.before_user_created]\nenabled = true\nuri = \"pg-functions://postgres/public/admission\"\n",
    )
    .await;
    let sql = backend.sql();
    for statement in [
        "create function public.claims(event jsonb) returns jsonb language sql as $$ \
            select jsonb_set(event, '{claims,plan}', '\"gold\"') $$",
        "create function public.admission(event json) returns json language sql as $$ \
            select case when event->'user'->>'email' like '%@bad.example' \
               then '{\"error\":{\"http_code\":403,\"message\":\"not from there\"}}'::json else '{}'::json end $$",
    ] {
        sql.execute(statement, &[]).await.unwrap();
    }

    let welcome = sign_up(&backend, "ann@good.example").await;
    assert_eq!(welcome.status, 200, "{}", welcome.text);
    let token = welcome.json["access_token"].as_str().unwrap();
    let claims = token.split('.').nth(1).unwrap();
    let claims = data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&claims).unwrap()["plan"], "gold");

    let refused = sign_up(&backend, "eve@bad.example").await;
    assert_eq!(
        (refused.status, refused.json["msg"].as_str()),
        (403, Some("not from there"))
    );
    let rows = sql
        .query("select 1 from auth.users where email like '%bad.example'", &[])
        .await
        .unwrap();
    assert!(rows.is_empty());
    backend.stop().await;
}

#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<(HeaderMap, Value)>>>);

#[tokio::test(flavor = "multi_thread")]
async fn an_http_hook_gets_signed_mails() {
    let received = Received::default();
    let router = axum::Router::new()
        .route(
            "/mail",
            post(
                |State(received): State<Received>, headers: HeaderMap, Json(body): Json<Value>| async move {
                    received.0.lock().unwrap().push((headers, body));
                    Json(json!({}))
                },
            ),
        )
        .with_state(received.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });

    let backend = Backend::start(&format!(
        "[auth.email]\nenable_confirmations = true\n[auth.hook.send_email]\nenabled = true\n\
         uri = \"http://{address}/mail\"\nsecrets = \"v1,whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=\"\n"
    ))
    .await;
    assert_eq!(sign_up(&backend, "ann@good.example").await.status, 200);
    let (headers, body) = received.0.lock().unwrap().pop().expect("a call of the hook");
    assert_eq!(body["email_data"]["email_action_type"], "signup");
    assert_eq!(body["user"]["email"], "ann@good.example");
    assert!(headers["webhook-signature"].to_str().unwrap().starts_with("v1,"));

    let code = body["email_data"]["token"].as_str().unwrap();
    let proof = json!({ "type": "signup", "email": "ann@good.example", "token": code });
    let verified = backend
        .send(Method::POST, "/auth/v1/verify", None, Some(&proof))
        .await;
    assert_eq!(verified.status, 200, "{}", verified.text);
    backend.stop().await;
}

/// A settings file names a host; who controls the name decides about its address. This machine's own services are not for
/// that: nothing connects to them, unless the operator says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_hook_elsewhere_does_not_reach_private_addresses() {
    // Not one of the names of this machine, but its address.
    let listener = tokio::net::TcpListener::bind("127.0.0.2:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(Mutex::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            *counted.lock().unwrap() += 1;
        }
    });
    for (setting, reached) in [("false", false), ("true", true)] {
        let backend = Backend::start(&format!(
            "[auth]\nallow_private_addresses = {setting}\n[auth.hook.before_user_created]\nenabled = true\n\
             uri = \"https://{address}/\"\nsecrets = \"v1,whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=\"\n"
        ))
        .await;
        let refused = sign_up(&backend, "ann@good.example").await;
        assert_eq!(
            (refused.status, refused.json["error_code"].as_str()),
            (422, Some("hook_timeout_after_retry")),
            "{}",
            refused.text
        );
        assert_eq!(*connections.lock().unwrap() > 0, reached, "allowed: {setting}");
        backend.stop().await;
    }
}

/// A user's access token from a sign-up.
async fn token(backend: &Backend, email: &str) -> String {
    let welcome = sign_up(backend, email).await;
    assert_eq!(welcome.status, 200, "{}", welcome.text);
    welcome.json["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_decides_about_second_factors() {
    let backend = Backend::start(
        "[auth.mfa.totp]\nenroll_enabled = true\n[auth.mfa.phone]\nenroll_enabled = true\n\
         [auth.hook.before_mfa_enrollment]\nenabled = true\nuri = \"pg-functions://postgres/public/admission\"\n",
    )
    .await;
    let sql = backend.sql();
    for statement in [
        "create table public.asked (event jsonb)",
        "grant insert on public.asked to supabase_auth_admin",
        "create function public.admission(event jsonb) returns jsonb language plpgsql as $$ begin \
            if event->>'factor_type' = 'phone' then \
               return '{\"error\":{\"http_code\":403,\"message\":\"no telephones\"}}'; end if; \
            insert into public.asked values (event); return '{}'; end $$",
    ] {
        sql.execute(statement, &[]).await.unwrap();
    }
    let token = token(&backend, "ann@good.example").await;
    let path = "/auth/v1/factors";
    let phone = json!({ "factor_type": "phone", "friendly_name": "mobile", "phone": "+4915112345678" });
    let refused = backend.send(Method::POST, path, Some(&token), Some(&phone)).await;
    assert_eq!(
        (refused.status, refused.json["msg"].as_str()),
        (403, Some("no telephones"))
    );
    let rows = sql.query("select 1 from auth.mfa_factors", &[]).await.unwrap();
    assert!(rows.is_empty());

    let totp = json!({ "factor_type": "totp", "friendly_name": "app" });
    let enrolled = backend.send(Method::POST, path, Some(&token), Some(&totp)).await;
    assert_eq!(enrolled.status, 200, "{}", enrolled.text);
    let row = sql
        .query_one("select event::text from public.asked", &[])
        .await
        .unwrap();
    let event: Value = serde_json::from_str(&row.try_get::<_, String>(0).unwrap()).unwrap();
    assert_eq!(event["user"]["email"], "ann@good.example");
    assert_eq!(
        (&event["factor_type"], &event["friendly_name"]),
        (&json!("totp"), &json!("app"))
    );
    assert_eq!(event["metadata"]["name"], "before-mfa-enrollment");
    assert_eq!(event["metadata"]["ip_address"], "127.0.0.1");
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_go_through_the_mail_hook() {
    let backend = Backend::start(
        "[auth.email.notification.password_changed]\nenabled = true\n\
         [auth.hook.send_email]\nenabled = true\nuri = \"pg-functions://postgres/public/mail\"\n",
    )
    .await;
    let sql = backend.sql();
    for statement in [
        "create table public.mails (event jsonb)",
        "grant insert on public.mails to supabase_auth_admin",
        "create function public.mail(event jsonb) returns jsonb language sql as $$ \
            insert into public.mails values (event); select '{}'::jsonb $$",
    ] {
        sql.execute(statement, &[]).await.unwrap();
    }
    let token = token(&backend, "ann@good.example").await;
    let change = json!({ "password": "another horse 2" });
    let answer = backend
        .send(Method::PUT, "/auth/v1/user", Some(&token), Some(&change))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let row = sql
        .query_one("select event::text from public.mails", &[])
        .await
        .unwrap();
    let event: Value = serde_json::from_str(&row.try_get::<_, String>(0).unwrap()).unwrap();
    let data = &event["email_data"];
    assert_eq!(data["email_action_type"], "password_changed_notification");
    assert_eq!((&data["token"], &data["old_email"]), (&json!(""), &json!("")));
    assert_eq!(event["user"]["email"], "ann@good.example");
    backend.stop().await;
}
