//! Sign-in with providers that the project names itself in its settings.

use super::*;

const ACME: &str = "custom:acme";

/// A backend with two providers of its own: one that is discovered, one whose addresses are given.
async fn start(more: &str) -> (World, Provider) {
    let acme = Provider::start().await;
    let base = &acme.base;
    let settings = format!(
        "{more}\n[auth.custom_providers.acme]\nissuer = \"{base}\"\nclient_id = \"oidc-client\"\nsecret = \"client secret\"\n\
         scopes = [\"email\"]\nauthorization_params = {{ audience = \"https://api.acme.example\" }}\n\
         [auth.custom_providers.plain]\ntype = \"oauth2\"\nclient_id = \"plain-client\"\nsecret = \"client secret\"\n\
         authorization_url = \"{base}/authorize\"\ntoken_url = \"{base}/token\"\nuserinfo_url = \"{base}/userinfo\"\n\
         custom_claims_allowlist = [\"groups\"]\n\
         attribute_mapping = {{ sub = \"account.number\", email = \"mail\" }}\n\
         [auth.custom_providers.moved]\nissuer = \"{base}/elsewhere\"\ndiscovery_url = \"{base}/.well-known/openid-configuration\"\n\
         client_id = \"oidc-client\"\nsecret = \"client secret\"\n\
         [auth.custom_providers.lenient]\nissuer = \"{base}\"\nclient_id = \"oidc-client\"\nsecret = \"client secret\"\n\
         skip_nonce_check = true\n"
    );
    (World::start(&settings).await, acme)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discovered_provider_signs_people_in() {
    let (world, acme) = start("").await;
    let ada = person(7, "ada@example.com", true);
    let url = world
        .authorize(ACME, "&scopes=profile%20email&audience=mine&state=x&client_id=y")
        .await;
    assert!(url.starts_with(&format!("{}/authorize?", acme.base)), "{url}");
    let asked = pairs(url.split_once('?').unwrap().1);
    assert_eq!(asked["scope"], "openid profile email");
    assert_eq!(
        asked["audience"], "https://api.acme.example",
        "the settings win over the request"
    );
    assert_eq!(
        (asked["client_id"].as_str(), asked["response_type"].as_str()),
        ("oidc-client", "code")
    );
    let (code, state) = acme.agree(&ada, &url);
    let tokens = fragment(&world.call_back(&code, &state).await);
    assert_eq!(tokens["provider_token"], "access-7");
    let user = world.user(&tokens["access_token"]).await;
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(
        user["app_metadata"],
        json!({"provider": ACME, "providers": [ACME]})
    );
    assert_eq!(
        (user["identities"][0]["id"].as_str(), identities(&user)),
        (Some("7"), vec![ACME])
    );
    // A state is used once, and the same person is the same user.
    assert_eq!(world.call_back(&code, &state).await.status, 303);
    let url = world.authorize(ACME, "").await;
    let (code, state) = acme.agree(&ada, &url);
    let tokens = fragment(&world.call_back(&code, &state).await);
    assert_eq!(world.user(&tokens["access_token"]).await["id"], user["id"]);
    world.backend.stop().await;
}

/// Its people come from the user-info endpoint as the mapping says. It does not vouch for addresses, so they must be
/// confirmed here.
#[tokio::test(flavor = "multi_thread")]
async fn an_oauth_provider_signs_people_in_by_its_mapping() {
    let (world, acme) = start("[auth.email]\nenable_confirmations = true").await;
    let arrive = async |person: &Person| {
        let url = world.authorize("custom:plain", "").await;
        let (code, state) = acme.agree(person, &url);
        world.call_back(&code, &state).await
    };
    let unproved = arrive(&person(7, "ada@example.com", true)).await;
    assert_eq!(
        error_code(&unproved),
        pair("access_denied", "provider_email_needs_verification")
    );
    let sql = world.backend.sql();
    ferrobase_db::Executor::execute(&sql, "update auth.users set email_confirmed_at = now()", &[])
        .await
        .unwrap();
    let tokens = fragment(&arrive(&person(7, "ada@example.com", true)).await);
    let user = world.user(&tokens["access_token"]).await;
    let data = &user["identities"][0]["identity_data"];
    assert_eq!(
        (data["sub"].as_str(), data["email"].as_str()),
        (Some("7"), Some("ada@example.com"))
    );
    assert_eq!(data["custom_claims"], json!({"groups": ["staff"]}));
    world.backend.stop().await;
}

/// Defences: the state belongs to one provider (RFC 9207 where the answer says whose it is), a code is exchanged where the
/// flow began, the document must be the issuer's own.
#[tokio::test(flavor = "multi_thread")]
async fn answers_of_others_are_refused() {
    let (world, acme) = start("").await;
    let ada = person(7, "ada@example.com", true);
    let url = world.authorize(ACME, "").await;
    let (code, state) = acme.agree(&ada, &url);
    let path = format!("/auth/v1/callback?code={code}&state={state}&iss=https://evil.example");
    let mixed = world.browse(&path).await;
    assert_eq!(error_code(&mixed), pair("invalid_request", "oauth_invalid_state"));

    let strange = world.authorize("google", "").await;
    let (strange_code, _) = world.oidc.agree(&ada, &strange);
    let url = world.authorize(ACME, "").await;
    let (_, state) = acme.agree(&ada, &url);
    let mixed = world.call_back(&strange_code, &state).await;
    assert_eq!(error_code(&mixed), pair("server_error", "unexpected_failure"));

    let path = format!("/auth/v1/authorize?provider=custom:moved&redirect_to={APP}");
    let moved = world.browse(&path).await;
    assert_eq!(moved.status, 500, "{}", moved.text);
    assert!(!moved.text.contains(&acme.base), "{}", moved.text);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn id_tokens_are_judged_by_the_settings_of_their_provider() {
    let (world, acme) = start("").await;
    let ada = person(7, "ada@example.com", true);
    let token = acme.id_token(&ada, &json!({}));
    let by_name = world
        .token("id_token", json!({"provider": ACME, "id_token": token}))
        .await;
    assert_eq!(by_name.status, 200, "{}", by_name.text);
    assert_eq!(by_name.json["user"]["app_metadata"]["provider"], ACME);
    let body = json!({"issuer": acme.base, "client_id": "oidc-client", "id_token": token});
    let by_issuer = world.token("id_token", body).await;
    assert_eq!(
        by_issuer.json["user"]["id"], by_name.json["user"]["id"],
        "{}",
        by_issuer.text
    );

    let hashed = HEXLOWER.encode(&sha256(b"a nonce"));
    let with_nonce = acme.id_token(&ada, &json!({"nonce": hashed}));
    for (what, body) in [
        (
            "another signature",
            json!({"provider": ACME, "id_token": acme.forged_id_token(&ada, &json!({}))}),
        ),
        (
            "the public key as a secret",
            json!({"provider": ACME, "id_token": acme.confused_id_token(&ada)}),
        ),
        (
            "another issuer",
            json!({"provider": ACME, "id_token": acme.id_token(&ada, &json!({"iss": world.oidc.base}))}),
        ),
        (
            "another provider's",
            json!({"provider": ACME, "id_token": world.oidc.id_token(&ada, &json!({}))}),
        ),
        (
            "for somebody else",
            json!({"provider": ACME, "id_token": acme.id_token(&ada, &json!({"aud": "other"}))}),
        ),
        (
            "too old",
            json!({"provider": ACME, "id_token": acme.id_token(&ada, &json!({"exp": 1}))}),
        ),
        (
            "without its nonce",
            json!({"provider": ACME, "id_token": with_nonce}),
        ),
        (
            "with a wrong nonce",
            json!({"provider": ACME, "id_token": with_nonce, "nonce": "other"}),
        ),
        (
            "of a provider without ID tokens",
            json!({"provider": "custom:plain", "id_token": token}),
        ),
        (
            "of a provider that nobody knows",
            json!({"provider": "custom:nobody", "id_token": token}),
        ),
        (
            "for a client that is not ours",
            json!({"issuer": acme.base, "client_id": "other", "id_token": token}),
        ),
    ] {
        let answer = world.token("id_token", body).await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.text);
    }
    let lenient = json!({"provider": "custom:lenient", "id_token": with_nonce});
    assert_eq!(world.token("id_token", lenient).await.status, 200);
    let right = world
        .token(
            "id_token",
            json!({"provider": ACME, "id_token": with_nonce, "nonce": "a nonce"}),
        )
        .await;
    assert_eq!(right.status, 200, "{}", right.text);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn identities_of_own_providers_are_linked() {
    let (world, acme) = start("").await;
    world.known_user("ada@example.com").await;
    let session = world.password_session("ada@example.com").await;
    let token = session.json["access_token"].as_str().unwrap();
    let path = format!(
        "/auth/v1/user/identities/authorize?provider={ACME}&redirect_to={APP}&skip_http_redirect=true"
    );
    let begun = world.backend.send(Method::GET, &path, Some(token), None).await;
    let (code, state) = acme.agree(
        &person(9, "other@example.com", true),
        begun.json["url"].as_str().unwrap(),
    );
    let tokens = fragment(&world.call_back(&code, &state).await);
    let user = world.user(&tokens["access_token"]).await;
    assert_eq!(user["id"], session.json["user"]["id"]);
    assert_eq!(identities(&user), ["email", ACME]);
    world.backend.stop().await;
}
