//! Registering clients.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn administrators_manage_clients() {
    let world = World::start("").await;
    let empty = world.admin(Method::GET, "", None).await;
    assert_eq!((empty.status, empty.json), (200, json!({})));
    let body = json!({"client_name": "App", "redirect_uris": [CALLBACK], "client_uri": "https://client.example",
        "response_types": ["code"], "scope": "email"});
    let made = world.admin(Method::POST, "", Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let mut shown = made.json.clone();
    let (id, secret) = (
        shown["client_id"].as_str().unwrap().to_owned(),
        shown["client_secret"].clone(),
    );
    assert_eq!(secret.as_str().unwrap().len(), 43);
    for (name, value) in [
        ("client_type", json!("confidential")),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("grant_types", json!(["authorization_code", "refresh_token"])),
        ("response_types", json!(["code"])),
        ("registration_type", json!("manual")),
        ("client_uri", json!("https://client.example")),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
    // The secret is shown once.
    let fields = shown.as_object_mut().unwrap();
    fields.remove("client_secret");
    fields.remove("client_secret_expires_at");
    assert_eq!(
        world.admin(Method::GET, &format!("/{id}"), None).await.json,
        shown
    );

    let second = world.client("none").await;
    let list = world.admin(Method::GET, "?page=1&per_page=1", None).await;
    assert_eq!(list.json["clients"][0]["client_id"], json!(second.id));
    assert_eq!(list.headers["x-total-count"], "2");
    assert!(list.headers["link"].to_str().unwrap().contains("rel=\"next\""));

    let change = json!({"client_name": "Better", "client_uri": "", "token_endpoint_auth_method": "client_secret_post"});
    let changed = world.admin(Method::PUT, &format!("/{id}"), Some(change)).await;
    assert_eq!(changed.json["client_name"], "Better", "{}", changed.text);
    assert!(changed.json.get("client_uri").is_none() && changed.json["redirect_uris"] == json!([CALLBACK]));
    for (path, body, wanted) in [
        (format!("/{id}"), json!({}), (400, "validation_failed")),
        (
            format!("/{id}"),
            json!({"redirect_uris": []}),
            (400, "validation_failed"),
        ),
        (
            format!("/{id}"),
            json!({"redirect_uris": ["javascript:x"]}),
            (400, "validation_failed"),
        ),
        (
            format!("/{id}"),
            json!({"token_endpoint_auth_method": "none"}),
            (400, "validation_failed"),
        ),
        (
            format!("/{id}"),
            json!({"grant_types": []}),
            (400, "validation_failed"),
        ),
        (
            "/not-a-uuid".to_owned(),
            json!({"client_name": "x"}),
            (400, "validation_failed"),
        ),
        (
            format!("/{}", uuid(1)),
            json!({"client_name": "x"}),
            (404, "oauth_client_not_found"),
        ),
    ] {
        let answer = world.admin(Method::PUT, &path, Some(body)).await;
        assert_eq!(refusal(&answer), wanted, "{path} {}", answer.text);
    }

    let renewed = world
        .admin(Method::POST, &format!("/{id}/regenerate_secret"), None)
        .await;
    assert_eq!(renewed.status, 200, "{}", renewed.text);
    assert_ne!(renewed.json["client_secret"], secret);
    let public = world
        .admin(Method::POST, &format!("/{}/regenerate_secret", second.id), None)
        .await;
    assert_eq!(refusal(&public), (400, "validation_failed"));

    let gone = world.admin(Method::DELETE, &format!("/{id}"), None).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    for method in [Method::GET, Method::DELETE] {
        let answer = world.admin(method, &format!("/{id}"), None).await;
        assert_eq!(refusal(&answer), (404, "oauth_client_not_found"));
    }
    assert_eq!(
        world.admin(Method::GET, "", None).await.headers["x-total-count"],
        "1"
    );
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_do() {
    let world = World::start("").await;
    let ann = world.user("ann").await;
    let client = world.client("none").await;
    for (method, path) in [
        (Method::GET, String::new()),
        (Method::POST, String::new()),
        (Method::GET, format!("/{}", client.id)),
        (Method::PUT, format!("/{}", client.id)),
        (Method::DELETE, format!("/{}", client.id)),
        (Method::POST, format!("/{}/regenerate_secret", client.id)),
    ] {
        let path = format!("/admin/oauth/clients{path}");
        let answer = world
            .as_user(method, &ann, &path, Some(json!({"redirect_uris": [CALLBACK]})))
            .await;
        assert_eq!(refusal(&answer), (403, "not_admin"), "{path}");
    }
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_client_can_do_nothing() {
    let world = World::start("").await;
    let ann = world.user("ann").await;
    let client = world.client("client_secret_post").await;
    let tokens = world.tokens(&client, &ann, "email").await;
    let unused = world.code(&client, &ann, &[]).await;
    let waiting = world.request(&client, &[("scope", "phone")]).await;
    assert_eq!(
        world
            .admin(Method::DELETE, &format!("/{}", client.id), None)
            .await
            .status,
        204
    );
    let answer = world.as_user(Method::GET, &tokens, "/user", None).await;
    assert_eq!(refusal(&answer), (403, "session_not_found"));
    assert_eq!(
        refusal(&world.refresh(&client, &tokens).await),
        (400, "invalid_credentials")
    );
    assert_eq!(
        refusal(&world.exchange(&client, &unused).await),
        (400, "invalid_credentials")
    );
    assert_eq!(
        refusal(&world.details(&ann, &waiting).await),
        (404, "oauth_authorization_not_found")
    );
    assert_eq!(
        refusal(&world.authorize(&client, &[]).await),
        (400, "oauth_client_not_found")
    );
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_register_themselves_where_that_is_allowed() {
    let closed = World::start("").await;
    let body = json!({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"});
    let path = "/auth/v1/oauth/clients/register";
    let answer = closed
        .backend
        .raw(Method::POST, path, Vec::new(), body.to_string().into_bytes())
        .await;
    assert_eq!(
        refusal(&answer),
        (403, "oauth_dynamic_client_registration_disabled")
    );
    closed.backend.stop().await;

    let limit = "allow_dynamic_registration = true\n[auth.rate_limit]\nheader = \"x-client\"\n";
    let world = World::start(limit).await;
    let register = async |body: &Value, who: &str| {
        let headers = vec![("x-client".to_owned(), who.to_owned())];
        world
            .backend
            .raw(Method::POST, path, headers, body.to_string().into_bytes())
            .await
    };
    let made = register(&body, "one").await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(
        (&made.json["registration_type"], &made.json["client_type"]),
        (&json!("dynamic"), &json!("public"))
    );
    assert!(made.json.get("client_secret").is_none());
    let confidential = register(&json!({"redirect_uris": [CALLBACK]}), "one").await;
    assert_eq!(confidential.json["client_secret_expires_at"], 0);
    for hostile in [
        json!({}),
        json!({"redirect_uris": []}),
        json!({"redirect_uris": ["http://client.example/cb"]}),
        json!({"redirect_uris": ["https://client.example/cb,javascript://x/%0aalert(1)"]}),
        json!({"redirect_uris": ["https://client.example/cb#x"]}),
        json!({"redirect_uris": ["data://x/y"]}),
    ] {
        assert_eq!(
            refusal(&register(&hostile, "two").await),
            (400, "validation_failed"),
            "{hostile}"
        );
    }
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(register(&body, "three").await.status);
    }
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        10,
        "{statuses:?}"
    );
    assert_eq!(statuses.last(), Some(&429));
    world.backend.stop().await;
}

fn uuid(number: u128) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}
