//! Administrators' custom providers: what is accepted, what is refused, what is shown.

use super::*;

const PATH: &str = "/auth/v1/admin/custom-providers";

struct Admin(Backend);

impl Admin {
    async fn start(settings: &str) -> Self {
        Self(
            Backend::start(&format!(
                "[auth]\nsite_url = \"http://127.0.0.1:3000\"\n{settings}"
            ))
            .await,
        )
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let key = self.0.endpoints().service_role_key.clone();
        let path = format!("{PATH}{path}");
        self.0.send(method, &path, Some(&key), body.as_ref()).await
    }

    async fn create(&self, body: Value) -> Answer {
        self.call(Method::POST, "", Some(body)).await
    }
}

fn oauth2(identifier: &str) -> Value {
    json!({
        "provider_type": "oauth2", "identifier": identifier, "name": "Acme", "client_id": "client", "client_secret": "very secret",
        "scopes": ["email"], "authorization_url": "https://127.0.0.1:1/authorize", "token_url": "https://127.0.0.1:1/token",
        "userinfo_url": "https://127.0.0.1:1/userinfo",
    })
}

fn refusal(answer: &Answer) -> (u16, &str) {
    (
        answer.status,
        answer.json["error_code"].as_str().unwrap_or_default(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_are_added_changed_and_removed() {
    let admin =
        Admin::start("allow_private_addresses = true\n[auth.custom_oauth]\nmax_providers = 2\n").await;
    let empty = admin.call(Method::GET, "", None).await;
    assert_eq!((empty.status, &empty.json), (200, &json!({"providers": []})));
    let made = admin.create(oauth2("custom:acme")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(
        (&made.json["enabled"], &made.json["pkce_enabled"]),
        (&json!(true), &json!(true))
    );
    assert!(!made.text.contains("secret"), "{}", made.text);
    assert_eq!(
        refusal(&admin.create(oauth2("custom:acme")).await),
        (400, "conflict")
    );
    assert_eq!(admin.create(oauth2("custom:other")).await.status, 201);
    assert_eq!(
        refusal(&admin.create(oauth2("custom:third")).await),
        (400, "over_custom_provider_quota")
    );

    let change = json!({"name": "New", "enabled": false, "scopes": ["profile"]});
    let changed = admin.call(Method::PUT, "/custom:acme", Some(change)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let shown = admin.call(Method::GET, "/custom:acme", None).await;
    assert_eq!(shown.json, changed.json);
    assert_eq!(
        (&shown.json["name"], &shown.json["client_id"]),
        (&json!("New"), &json!("client"))
    );
    let listed = admin.call(Method::GET, "?type=oauth2", None).await;
    assert_eq!(listed.json["providers"].as_array().unwrap().len(), 2);
    assert!(!listed.text.contains("secret") && !shown.text.contains("secret"));
    let none = admin.call(Method::GET, "?type=oidc", None).await;
    assert_eq!(none.json, json!({"providers": []}));

    // Nobody is sent to one that is off.
    let authorize = "/auth/v1/authorize?provider=custom:acme";
    let off = admin.0.raw(Method::GET, authorize, Vec::new(), Vec::new()).await;
    assert_eq!(refusal(&off), (400, "validation_failed"));
    let on = json!({"enabled": true});
    assert_eq!(
        admin.call(Method::PUT, "/custom:acme", Some(on)).await.status,
        200
    );
    let sent = admin.0.raw(Method::GET, authorize, Vec::new(), Vec::new()).await;
    assert!(
        location(&sent).starts_with("https://127.0.0.1:1/authorize?"),
        "{}",
        location(&sent)
    );

    assert_eq!(admin.call(Method::DELETE, "/custom:acme", None).await.status, 204);
    for method in [Method::GET, Method::DELETE] {
        let gone = admin.call(method, "/custom:acme", None).await;
        assert_eq!(refusal(&gone), (404, "custom_provider_not_found"));
    }
    let gone = admin
        .call(Method::PUT, "/custom:acme", Some(json!({"name": "x"})))
        .await;
    assert_eq!(refusal(&gone), (404, "custom_provider_not_found"));
    admin.0.stop().await;
}

/// Whoever reads the database does not have the project's secrets at its providers.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_sealed_in_the_database() {
    let admin = Admin::start(
        "allow_private_addresses = true\n[auth.encryption]\nencrypt = true\nkey_id = \"k1\"\n\
         key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"\n",
    )
    .await;
    let stored = async || {
        let sql = "select client_secret from auth.custom_oauth_providers";
        let row = ferrobase_db::Executor::query_one(&admin.0.sql(), sql, &[])
            .await
            .unwrap();
        row.get::<_, String>(0)
    };
    assert_eq!(admin.create(oauth2("custom:acme")).await.status, 201);
    let first = stored().await;
    assert!(first.contains("k1") && !first.contains("very secret"), "{first}");
    // A change that does not name the secret keeps it.
    for (change, keeps) in [
        (json!({"name": "New"}), true),
        (json!({"client_secret": ""}), true),
        (json!({"client_secret": "another secret"}), false),
    ] {
        let changed = admin
            .call(Method::PUT, "/custom:acme", Some(change.clone()))
            .await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        let now = stored().await;
        assert_eq!(now == first, keeps, "{change}");
        assert!(
            !now.contains("another secret") && !changed.text.contains("secret"),
            "{change}"
        );
    }
    admin.0.stop().await;
}

/// Defence against requests into the house: addresses that come through the API must be public ones, by https, and every
/// name is looked up; nothing connects.
#[tokio::test(flavor = "multi_thread")]
async fn what_no_provider_may_have_is_refused() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let admin = Admin::start("").await;
    let with = |name: &str, value: Value| {
        let mut body = oauth2("custom:acme");
        for url in ["authorization_url", "token_url", "userinfo_url"] {
            body[url] = json!("https://8.8.8.8/x");
        }
        body[name] = value;
        body
    };
    let oidc = |issuer: String| {
        json!({
            "provider_type": "oidc", "identifier": "custom:acme", "name": "Acme", "client_id": "c", "client_secret": "s",
            "issuer": issuer,
        })
    };
    for body in [
        with("token_url", json!(format!("https://127.0.0.1:{port}/token"))),
        with("token_url", json!(format!("https://localhost:{port}/token"))),
        with("userinfo_url", json!("https://10.0.0.1/")),
        with("userinfo_url", json!("https://169.254.169.254/latest/meta-data")),
        with("userinfo_url", json!("https://[fd00::1]/")),
        with("jwks_uri", json!("https://[::ffff:127.0.0.1]/")),
        with("authorization_url", json!("http://8.8.8.8/x")),
        with("authorization_url", json!("javascript:alert(1)")),
        with("authorization_url", json!("")),
        with("identifier", json!("acme")),
        with("identifier", json!("custom:Acme")),
        with("identifier", json!("custom:../../x")),
        with("provider_type", json!("saml")),
        with("client_secret", Value::Null),
        with(
            "authorization_params",
            json!({"redirect_uri": "https://evil.example"}),
        ),
        with("attribute_mapping", json!({"role": "admin"})),
        oidc(format!("https://127.0.0.1:{port}")),
        oidc(format!("https://localhost:{port}")),
        oidc("https://192.168.1.1".to_owned()),
        oidc("http://8.8.8.8".to_owned()),
    ] {
        let answer = admin.create(body.clone()).await;
        assert_eq!(
            refusal(&answer),
            (400, "validation_failed"),
            "{body}: {}",
            answer.text
        );
    }
    assert_eq!(refusal(&admin.create(json!([1])).await), (400, "bad_json"));
    assert_eq!(
        refusal(&admin.call(Method::GET, "?type=saml", None).await),
        (400, "validation_failed")
    );
    let idle = tokio::time::timeout(std::time::Duration::from_millis(100), listener.accept()).await;
    assert!(idle.is_err(), "something connected");

    // What was accepted once cannot be turned inwards either.
    let fine = with("name", json!("Acme"));
    assert_eq!(admin.create(fine).await.status, 201);
    for change in [
        json!({"token_url": format!("https://127.0.0.1:{port}/")}),
        json!({"identifier": "custom:other"}),
        json!({"provider_type": "oidc"}),
    ] {
        let answer = admin.call(Method::PUT, "/custom:acme", Some(change)).await;
        assert_eq!(refusal(&answer), (400, "validation_failed"), "{}", answer.text);
    }
    // Not everybody may look.
    let anon = admin.0.endpoints().anon_key.clone();
    let answer = admin.0.send(Method::GET, PATH, Some(&anon), None).await;
    assert_eq!(refusal(&answer), (403, "not_admin"));
    admin.0.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_can_do_without() {
    let admin = Admin::start("[auth.custom_oauth]\nenabled = false\n").await;
    for (method, path, body) in [
        (Method::GET, "", None),
        (Method::POST, "", Some(oauth2("custom:acme"))),
        (Method::GET, "/custom:acme", None),
        (Method::PUT, "/custom:acme", Some(json!({}))),
        (Method::DELETE, "/custom:acme", None),
    ] {
        let answer = admin.call(method, path, body).await;
        assert_eq!(refusal(&answer), (404, "feature_disabled"));
    }
    admin.0.stop().await;
}
