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
