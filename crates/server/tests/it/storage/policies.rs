//! What policies and triggers of applications see.

use ferrobase_db::Executor;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn triggers_run_as_they_do_on_hosted_supabase() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    let sql = backend.sql();
    for statement in [
        "create table public.uploads (name text, by text, claims text)",
        // Names without a schema, and rights of whoever writes the row.
        "create function public.note() returns trigger language plpgsql as $$ begin
            insert into uploads values (new.name, current_user, auth.role()); return new; end $$",
        "create trigger note after insert on storage.objects for each row execute function public.note()",
    ] {
        sql.execute(statement, &[]).await.unwrap();
    }
    owner.bucket(json!({ "name": "b" })).await;
    owner.put("b/k", "x").await;
    let rows = sql
        .query("select name, by, claims from public.uploads", &[])
        .await
        .unwrap();
    // What was tried out left nothing.
    assert_eq!(rows.len(), 1);
    let row: Vec<String> = (0..3).map(|n| rows[0].get(n)).collect();
    assert_eq!(row, ["k", "service_role", "service_role"]);
    backend.stop().await;
}

/// A refusal of any kind leaves neither row nor blob, and says what the original says.
#[tokio::test(flavor = "multi_thread")]
async fn refusals_leave_nothing() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    owner.put("b/k", "x").await;
    let anon = backend.endpoints().anon_key.clone();
    let as_anon = |method: Method, path: &str, body: &str| {
        let headers = vec![("authorization".to_owned(), format!("Bearer {anon}"))];
        let path = format!("/storage/v1{path}");
        let (backend, body) = (&backend, body.to_owned().into_bytes());
        async move { backend.raw(method, &path, headers, body).await }
    };
    let order = json!({ "bucketId": "b", "sourceKey": "k", "destinationKey": "l" }).to_string();
    let life = json!({ "expiresIn": 60 }).to_string();
    for (method, path, body, code) in [
        (Method::POST, "/object/b/new", "x", "AccessDenied"),
        (Method::PUT, "/object/b/k", "x", "AccessDenied"),
        (Method::DELETE, "/object/b/k", "", "AccessDenied"),
        (Method::GET, "/object/b/k", "", "NoSuchKey"),
        (Method::POST, "/object/move", &order, "NoSuchKey"),
        (Method::POST, "/object/copy", &order, "NoSuchKey"),
        (Method::POST, "/object/sign/b/k", &life, "NoSuchKey"),
        (Method::POST, "/object/upload/sign/b/new", "{}", "AccessDenied"),
        (Method::GET, "/bucket/b", "", "NoSuchBucket"),
    ] {
        let answer = as_anon(method, path, body).await;
        assert_eq!(answer.json["code"], code, "{path}: {}", answer.text);
    }
    let many = json!({ "expiresIn": 60, "paths": ["k"] }).to_string();
    let answer = as_anon(Method::POST, "/object/sign/b", &many).await;
    assert_eq!(answer.json[0]["signedURL"], Value::Null, "{}", answer.text);
    let many = json!({ "prefixes": ["k"] }).to_string();
    assert_eq!(as_anon(Method::DELETE, "/object/b", &many).await.json, json!([]));
    let list = json!({ "prefix": "" }).to_string();
    assert_eq!(
        as_anon(Method::POST, "/object/list/b", &list).await.json,
        json!([])
    );
    assert_eq!(owner.get("b/k", &[]).await.text, "x");
    files_become(&backend, (1, 0)).await;
    backend.stop().await;
}

/// Most routes name the header that is missing; some take a missing token for a wrong one, as the original.
#[tokio::test(flavor = "multi_thread")]
async fn requests_without_a_token() {
    let backend = Backend::start("").await;
    for (method, path, code) in [
        (Method::GET, "/bucket", "InvalidRequest"),
        (Method::POST, "/object/list/b", "InvalidRequest"),
        (Method::POST, "/object/b/k", "InvalidRequest"),
        (Method::POST, "/object/list-v2/b", "AccessDenied"),
        (Method::GET, "/health", "AccessDenied"),
        (Method::GET, "/object/b/k", "NoSuchBucket"),
        (Method::GET, "/object/info/b/k", "NoSuchBucket"),
    ] {
        let path = format!("/storage/v1{path}");
        let answer = backend.raw(method, &path, Vec::new(), b"{}".to_vec()).await;
        assert_eq!(
            (answer.status, answer.json["code"].as_str()),
            (400, Some(code)),
            "{path}"
        );
    }
    backend.stop().await;
}

/// The rights of the tables' owner, with which the service notes what is to be removed, are nobody else's.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_does_not_exist_or_is_not_for_tokens() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    let keys = ferrobase_jwt::KeySet {
        secret: backend.endpoints().jwt_secret.clone().into(),
        jwks: Vec::new(),
        sign_with_secret: true,
    };
    let keys = ferrobase_jwt::TokenKeys::new(&keys, ferrobase_jwt::Clock::System).unwrap();
    for role in ["nobody", "pg_read_all_data", "supabase_auth_admin"] {
        let token = keys
            .sign_hs256(&json!({ "role": role, "exp": 4_102_444_800_i64 }))
            .unwrap();
        let headers = vec![("authorization".to_owned(), format!("Bearer {token}"))];
        let answer = backend
            .raw(Method::POST, "/storage/v1/object/b/k", headers, b"x".to_vec())
            .await;
        assert!(
            [400, 500].contains(&answer.status),
            "{role}: {} {}",
            answer.status,
            answer.text
        );
    }
    files_become(&backend, (0, 0)).await;
    backend.stop().await;
}
