//! People who come in as they should not.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_opens_one_session() {
    let world = World::start("").await;
    // Begun by the provider: nothing but the assertion itself can be used up. Many at once, and one later.
    let response = world.answer(&world.claim("ada", None));
    let posts = (0..8).map(|_| world.post(&response, ""));
    let answers = futures_util::future::join_all(posts).await;
    let opened = answers.iter().filter(|answer| answer.status == 302).count();
    assert_eq!(opened, 1);
    let late = world.post(&response, APP).await;
    assert_eq!(error_code(&late), "validation_failed");
    // The same assertion in another envelope is the same assertion.
    let claim = world.claim("ada", None);
    let wrapped = world
        .post(&world.answer(&claim).replace("_r_ada", "_x_ada"), "")
        .await;
    assert_eq!(error_code(&wrapped), "validation_failed");
    assert_eq!(world.count("select count(*) from auth.sessions").await, 1);
    assert_eq!(world.count("select count(*) from auth.users").await, 1);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_belongs_to_its_request() {
    let world = World::start("").await;
    let first = world.begin(json!({})).await;
    let claim = world.claim("ada", Some(&first.id));
    let stolen = world.answer(&claim);
    // Another browser's request, no request, one that never was.
    let second = world.begin(json!({})).await;
    world
        .assert_refused(&stolen, &second.relay_state, "validation_failed")
        .await;
    world.assert_refused(&stolen, "", "validation_failed").await;
    world
        .assert_refused(
            &stolen,
            "00000000-0000-4000-8000-000000000000",
            "saml_relay_state_not_found",
        )
        .await;
    world
        .assert_refused(&stolen, "neither id nor URL", "validation_failed")
        .await;
    // A request is answered once, by a bad answer too.
    let unasked = world.answer(&world.claim("ada", None));
    let third = world.begin(json!({})).await;
    world
        .assert_refused(&unasked, &third.relay_state, "validation_failed")
        .await;
    let honest = world.answer(&world.claim("ada", Some(&third.id)));
    world
        .assert_refused(&honest, &third.relay_state, "saml_relay_state_not_found")
        .await;
    // And in its time.
    let late = world.begin(json!({})).await;
    let aged = "with aged as (update auth.saml_relay_states set created_at = created_at - interval '121 seconds' \
                where id = (select id from auth.saml_relay_states order by created_at desc limit 1) returning 1) select count(*) from aged";
    assert_eq!(world.count(aged).await, 1);
    let honest = world.answer(&world.claim("ada", Some(&late.id)));
    world
        .assert_refused(&honest, &late.relay_state, "saml_relay_state_expired")
        .await;
    // What was stolen is good where it belongs, once.
    assert!(fragment(&world.post(&stolen, &first.relay_state).await).contains_key("access_token"));
    let replay = world.post(&stolen, &first.relay_state).await;
    assert_eq!(error_code(&replay), "saml_relay_state_not_found");
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_provider_does_not_speak_for_another() {
    let world = World::start("").await;
    let unknown = Claim {
        issuer: world.other.entity_id.clone(),
        ..world.claim("ada", None)
    };
    let response = IdentityProvider::response(&unknown, &world.other.sign(&unknown));
    world.assert_refused(&response, "", "saml_idp_not_found").await;
    world.connect(&world.other, "other.example").await;
    // It signs as itself an answer to Acme's request.
    let request = world.begin(json!({})).await;
    let claim = Claim {
        answers: Some(request.id.clone()),
        ..unknown.clone()
    };
    let mixed = IdentityProvider::response(&claim, &world.other.sign(&claim));
    world
        .assert_refused(&mixed, &request.relay_state, "validation_failed")
        .await;
    // It signs as Acme.
    let request = world.begin(json!({})).await;
    let claim = world.claim("ada", Some(&request.id));
    let posing = IdentityProvider::response(&claim, &world.other.sign(&claim));
    world
        .assert_refused(&posing, &request.relay_state, "validation_failed")
        .await;
    let unasked = world.claim("ada", None);
    let posing = IdentityProvider::response(&unasked, &world.other.sign(&unasked));
    world.assert_refused(&posing, "", "validation_failed").await;
    // The envelope is Acme's, the assertion its own, and the other way round.
    let own = world.other.sign(&unknown);
    world
        .assert_refused(
            &IdentityProvider::response(&unasked, &own),
            "",
            "validation_failed",
        )
        .await;
    world
        .assert_refused(
            &IdentityProvider::response(&unknown, &world.acme.sign(&unasked)),
            "",
            "validation_failed",
        )
        .await;
    // Two people of one name at two providers are two people, whatever address they claim.
    let ada = world.sign_in("ada").await;
    let twin = Claim {
        email: "ada@acme.example".to_owned(),
        ..unknown
    };
    let twin = IdentityProvider::response(&twin, &world.other.sign(&twin));
    let twin = fragment(&world.post(&twin, APP).await);
    let ids = [&ada, &twin].map(|tokens| claims(&tokens["access_token"])["sub"].clone());
    assert_ne!(ids[0], ids[1]);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forgeries_are_refused_over_http_as_well() {
    let world = World::start("").await;
    let honest = world.claim("ada", None);
    let forged = Claim {
        id: "_forged".to_owned(),
        name: "root".to_owned(),
        ..honest.clone()
    };
    let (signed, evil) = (world.acme.sign(&honest), IdentityProvider::assertion(&forged));
    let tampered = world
        .answer(&honest)
        .replace("ada@acme.example", "root@acme.example");
    let elsewhere = Claim {
        audience: "https://elsewhere.example/auth/v1".to_owned(),
        ..honest.clone()
    };
    let entity = format!("<!DOCTYPE r [<!ENTITY a \"ada\">]>{}", world.answer(&honest));
    for (response, what) in [
        (IdentityProvider::response(&honest, &evil), "unsigned"),
        (
            IdentityProvider::response(&honest, &format!("{evil}{signed}")),
            "wrapped, first",
        ),
        (
            IdentityProvider::response(&honest, &format!("{signed}{evil}")),
            "wrapped, last",
        ),
        (tampered, "tampered"),
        (world.answer(&elsewhere), "for somebody else"),
        (entity, "with an entity"),
        ("<a>".repeat(100_000), "deep"),
        ("no XML".to_owned(), "no XML"),
    ] {
        let answer = world.post(&response, "").await;
        assert_eq!(error_code(&answer), "validation_failed", "{what}");
    }
    let no_form = world.backend.raw(Method::POST, ACS, Vec::new(), Vec::new()).await;
    assert_eq!(error_code(&no_form), "validation_failed");
    let large = world
        .backend
        .raw(Method::POST, ACS, Vec::new(), vec![b'a'; 2 << 20])
        .await;
    assert_eq!(error_code(&large), "request_entity_too_large");
    assert_eq!(world.count("select count(*) from auth.users").await, 0);
    assert_eq!(
        world
            .count("select count(*) from _ferrobase.auth_single_use")
            .await,
        0
    );
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_nowhere_but_to_the_app() {
    let world = World::start("").await;
    for (at, target) in [
        "https://evil.test/",
        "//evil.test",
        "/\\evil.test",
        "javascript:alert(1)",
        "http://127.0.0.1:3000@evil.test/",
    ]
    .into_iter()
    .enumerate()
    {
        let mut claim = world.claim("ada", None);
        claim.id = format!("_unasked{at}");
        let answer = world.post(&world.answer(&claim), target).await;
        assert_eq!(answer.status, 302, "{target}");
        assert!(
            location(&answer).starts_with(&format!("{SITE}#")),
            "{target}: {}",
            location(&answer)
        );
        let request = world.begin(json!({"redirect_to": target})).await;
        let mut claim = world.claim("ada", Some(&request.id));
        claim.id = format!("_asked{at}");
        let answer = world.post(&world.answer(&claim), &request.relay_state).await;
        assert_eq!(answer.status, 302, "{target}");
        assert!(
            location(&answer).starts_with(&format!("{SITE}#")),
            "{target}: {}",
            location(&answer)
        );
    }
    // Not even when somebody writes it into the table.
    let request = world.begin(json!({})).await;
    let written = "with written as (update auth.saml_relay_states set redirect_to = 'https://evil.test/' returning 1) \
                   select count(*) from written";
    assert_eq!(world.count(written).await, 1);
    let answer = world
        .post(
            &world.answer(&world.claim("ada", Some(&request.id))),
            &request.relay_state,
        )
        .await;
    assert!(
        location(&answer).starts_with(&format!("{SITE}#")),
        "{}",
        location(&answer)
    );
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_connection_lets_nobody_in() {
    let world = World::start("").await;
    let request = world.begin(json!({})).await;
    let path = format!("{PROVIDERS}/{}", world.id);
    let disabled = world
        .admin(Method::PUT, &path, Some(json!({"disabled": true})))
        .await;
    assert_eq!(disabled.json["disabled"], true, "{}", disabled.text);
    let begun = world.answer(&world.claim("ada", Some(&request.id)));
    world
        .assert_refused(&begun, &request.relay_state, "sso_provider_disabled")
        .await;
    let unasked = world.answer(&world.claim("ada", None));
    world.assert_refused(&unasked, "", "sso_provider_disabled").await;
    for body in [
        json!({"domain": "acme.example"}),
        json!({"provider_id": world.id}),
    ] {
        let answer = world.sso(body).await;
        assert_eq!(
            (answer.status, &answer.json["error_code"]),
            (404, &json!("sso_provider_disabled"))
        );
    }
    // Nobody is signed up where nobody may; the assertion is not used up by the refusal.
    world
        .admin(Method::PUT, &path, Some(json!({"disabled": false})))
        .await;
    assert!(fragment(&world.post(&unasked, APP).await).contains_key("access_token"));
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_name_or_address_or_is_not_welcome_stays_outside() {
    let world = World::start("enable_signup = false").await;
    world
        .assert_refused(&world.answer(&world.claim("ada", None)), "", "signup_disabled")
        .await;
    let nameless = Claim {
        name: String::new(),
        ..world.claim("ada", None)
    };
    world
        .assert_refused(&world.answer(&nameless), "", "saml_assertion_no_user_id")
        .await;
    let unreachable = Claim {
        email: "nobody".to_owned(),
        ..world.claim("ada", None)
    };
    world
        .assert_refused(&world.answer(&unreachable), "", "saml_assertion_no_email")
        .await;
    let over = Claim {
        session: 0,
        ..world.claim("ada", None)
    };
    world
        .assert_refused(&world.answer(&over), "", "validation_failed")
        .await;
    world.backend.stop().await;
}
