//! People who come in as they should.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_implicit_flow_ends_with_tokens() {
    let world = World::start("").await;
    // Somebody with the same address who signs in with a password stays somebody else.
    let known = json!({"email": "ada@acme.example", "password": "correct horse 1", "email_confirm": true});
    let known = world
        .admin(Method::POST, "/auth/v1/admin/users", Some(known))
        .await;
    assert_eq!(known.status, 200, "{}", known.text);

    let request = world.begin(json!({})).await;
    assert!(
        request.xml.contains("nameid-format:persistent"),
        "{}",
        request.xml
    );
    let answer = world
        .post(
            &world.answer(&world.claim("ada", Some(&request.id))),
            &request.relay_state,
        )
        .await;
    let tokens = fragment(&answer);
    assert!(!tokens.contains_key("type") && tokens.contains_key("sb"));
    let user = world.user(&tokens["access_token"]).await;
    assert_ne!(user["id"], known.json["id"]);
    assert_eq!(user["email"], "ada@acme.example");
    let provider = format!("sso:{}", world.id);
    assert_eq!(
        user["app_metadata"],
        json!({"provider": provider, "providers": [provider]})
    );
    assert_eq!(user["identities"][0]["id"], "ada");
    assert_eq!(
        user["identities"][0]["identity_data"]["iss"],
        world.acme.entity_id
    );
    assert!(user["email_confirmed_at"].is_string());
    let entry = &claims(&tokens["access_token"])["amr"][0];
    assert_eq!(
        (&entry["method"], &entry["provider"]),
        (&json!("sso/saml"), &json!(world.id))
    );
    let ends = "select count(*) from auth.sessions where not_after between now() + interval '59 minutes' and now() + interval '1 hour'";
    assert_eq!(world.count(ends).await, 1);
    let managed = "select count(*) from auth.users where is_sso_user and email = 'ada@acme.example'";
    assert_eq!(world.count(managed).await, 1);

    // A refresh knows the connection too.
    let refreshed = world
        .token("refresh_token", json!({"refresh_token": tokens["refresh_token"]}))
        .await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.text);
    let entry = &claims(refreshed.json["access_token"].as_str().unwrap())["amr"][0];
    assert_eq!(
        (&entry["method"], &entry["provider"]),
        (&json!("sso/saml"), &json!(world.id))
    );
    // The same person is the same user; addresses and passwords are the provider's business.
    let again = world.sign_in("ada").await;
    assert_eq!(world.user(&again["access_token"]).await["id"], user["id"]);
    let change = json!({"password": "another horse 2"});
    let refused = world
        .backend
        .send(
            Method::PUT,
            "/auth/v1/user",
            Some(&again["access_token"]),
            Some(&change),
        )
        .await;
    assert_eq!(
        (refused.status, &refused.json["error_code"]),
        (422, &json!("user_sso_managed"))
    );
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pkce_flow_ends_with_a_code_that_opens_one_session() {
    let world = World::start("").await;
    let request = world.begin(challenge()).await;
    let claim = world.claim("ada", Some(&request.id));
    let answer = world.post(&world.answer(&claim), &request.relay_state).await;
    assert_eq!(answer.status, 302, "{}", location(&answer));
    let target = location(&answer);
    assert!(target.starts_with(APP) && !target.contains('#'), "{target}");
    let code = pairs(target.split_once('?').unwrap().1)["code"].clone();
    assert_eq!(world.count("select count(*) from auth.sessions").await, 0);
    let exchange = |verifier: &str| json!({"auth_code": code, "code_verifier": verifier});
    let wrong = world.token("pkce", exchange(&"x".repeat(43))).await;
    assert_eq!(wrong.json["error_code"], "bad_code_verifier");
    let opened = world.token("pkce", exchange(VERIFIER)).await;
    assert_eq!(opened.status, 200, "{}", opened.text);
    let entry = &claims(opened.json["access_token"].as_str().unwrap())["amr"][0];
    assert_eq!(
        (&entry["method"], &entry["provider"]),
        (&json!("sso/saml"), &json!(world.id))
    );
    let ends = "select count(*) from auth.sessions where not_after between now() + interval '59 minutes' and now() + interval '1 hour'";
    assert_eq!(world.count(ends).await, 1);
    let replay = world.token("pkce", exchange(VERIFIER)).await;
    assert_eq!(replay.json["error_code"], "flow_state_not_found");
    assert_eq!(
        world
            .count("select count(*) from _ferrobase.auth_flow_ends")
            .await,
        0
    );
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_may_begin_by_itself() {
    let world = World::start("").await;
    let mut claim = world.claim("ada", None);
    let tokens = fragment(&world.post(&world.answer(&claim), APP).await);
    assert_eq!(
        world.user(&tokens["access_token"]).await["email"],
        "ada@acme.example"
    );
    claim.id = "_second".to_owned();
    let answer = world.post(&world.answer(&claim), "").await;
    assert_eq!(answer.status, 302);
    assert!(
        location(&answer).starts_with(&format!("{SITE}#access_token=")),
        "{}",
        location(&answer)
    );
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_can_be_sent_at_once() {
    let world = World::start("").await;
    let answer = world.sso(json!({"provider_id": world.id})).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let request = world.acme.request(&location(&answer));
    assert!(request.id.starts_with("id-") && request.relay_state.len() == 36);
    let refusals = [
        (
            json!({}),
            400,
            "validation_failed",
            "A provider_id or domain needs to be provided",
        ),
        (
            json!({"provider_id": world.id, "domain": "acme.example"}),
            400,
            "validation_failed",
            "Only one of provider_id or domain supported",
        ),
        (
            json!({"provider_id": "00000000-0000-4000-8000-000000000000"}),
            404,
            "sso_provider_not_found",
            "No such SSO provider",
        ),
        (
            json!({"domain": "nowhere.example"}),
            404,
            "sso_provider_not_found",
            "No SSO provider assigned for this domain",
        ),
        (
            json!({"domain": "acme.example", "code_challenge": "x"}),
            400,
            "validation_failed",
            "PKCE flow requires code_challenge_method and code_challenge",
        ),
    ];
    for (body, status, code, message) in refusals {
        let answer = world.sso(body.clone()).await;
        assert_eq!(answer.status, status, "{body}");
        assert_eq!(
            (&answer.json["error_code"], &answer.json["msg"]),
            (&json!(code), &json!(message)),
            "{body}"
        );
    }
    let malformed = world.sso(json!({"provider_id": "acme"})).await;
    assert_eq!(
        (malformed.status, &malformed.json["error_code"]),
        (400, &json!("bad_json"))
    );
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_saml_there_is_none() {
    let backend = Backend::start("").await;
    for (method, path) in [
        (Method::POST, "/auth/v1/sso"),
        (Method::GET, "/auth/v1/sso/saml/metadata"),
        (Method::POST, ACS),
    ] {
        let answer = backend.send(method, path, None, None).await;
        assert_eq!(
            (answer.status, &answer.json["error_code"]),
            (404, &json!("saml_provider_disabled")),
            "{path}"
        );
        assert_eq!(answer.json["msg"], "SAML 2.0 is disabled");
    }
    let settings = backend.send(Method::GET, "/auth/v1/settings", None, None).await;
    assert_eq!(settings.json["saml_enabled"], false);
    backend.stop().await;
}
