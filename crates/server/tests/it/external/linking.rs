//! Whose account an identity opens: by proved address, by the user's own wish, and for nobody else.

use axum::http::Method;
use serde_json::{Value, json};

use super::provider::person;
use super::{APP, PASSWORD, World, error_code, fragment, identities, pair};

#[tokio::test(flavor = "multi_thread")]
async fn only_proved_addresses_open_existing_accounts() {
    let world = World::start("[auth.email]\nenable_confirmations = true\nmax_frequency = \"0s\"").await;
    let known = world.known_user("ada@example.com").await;
    // A provider that vouches for the address: the same user, one more identity.
    let linked = world.sign_in(&person(7, "ada@example.com", true)).await;
    assert_eq!(linked["id"], known["id"]);
    assert_eq!(identities(&linked), ["email", "github"]);

    // One that does not: a stranger without the address, and no session.
    world.known_user("eve-wants@example.com").await;
    let answer = world.arrive(&person(8, "eve-wants@example.com", false)).await;
    assert_eq!(
        error_code(&answer),
        pair("access_denied", "provider_email_needs_verification")
    );
    assert!(!fragment(&answer).contains_key("access_token"));
    let sql = world.backend.sql();
    let owners = "select count(*)::int, count(u.email)::int from auth.users u join auth.identities i on i.user_id = u.id \
        where i.provider = 'github' and i.provider_id = '8'";
    let row = ferrobase_db::Executor::query_one(&sql, owners, &[])
        .await
        .unwrap();
    assert_eq!((row.get::<_, i32>(0), row.get::<_, i32>(1)), (1, 0));

    // Somebody prepared an account for an address they do not own; its owner must not share it with them.
    let squat = json!({"email": "victim@example.com", "password": PASSWORD});
    let prepared = world
        .backend
        .send(Method::POST, "/auth/v1/signup", None, Some(&squat))
        .await;
    assert_eq!(prepared.status, 200, "{}", prepared.text);
    let victim = world.sign_in(&person(9, "victim@example.com", true)).await;
    assert_eq!(victim["id"], prepared.json["id"]);
    assert_eq!(identities(&victim), ["github"]);
    assert_eq!(
        world.password_session("victim@example.com").await.json["error_code"],
        "invalid_credentials"
    );

    // An identity whose address nobody vouches for does not attract the address's owner.
    let claim = json!({"sub": "10", "email": "later@example.com", "email_verified": false});
    let plant = "insert into auth.identities (provider_id, user_id, identity_data, provider) \
        select '10', id, $1, 'spotify' from auth.users where email = 'ada@example.com'";
    ferrobase_db::Executor::execute(&sql, plant, &[&ferrobase_db::Json(&claim)])
        .await
        .unwrap();
    let later = world.sign_in(&person(11, "later@example.com", true)).await;
    assert_ne!(later["id"], known["id"]);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prepared_sessions_end_and_own_factors_stay() {
    let settings = "[auth.email]\nenable_confirmations = true\nmax_frequency = \"0s\"\n\
        [auth.mfa.totp]\nenroll_enabled = true\nverify_enabled = true";
    let world = World::start(settings).await;
    let sql = world.backend.sql();
    let count = async |table: &str, id: &Value| {
        let statement = format!("select count(*)::int from auth.{table} where user_id::text = $1");
        let row = ferrobase_db::Executor::query_one(&sql, &statement, &[&id.as_str().unwrap()])
            .await
            .unwrap();
        row.get::<_, i32>(0)
    };
    // Somebody has a session of an account whose address was never confirmed.
    let squat = json!({"email": "victim@example.com", "password": PASSWORD});
    let prepared = world
        .backend
        .send(Method::POST, "/auth/v1/signup", None, Some(&squat))
        .await;
    let id = &prepared.json["id"];
    for statement in [
        "insert into auth.sessions (id, user_id, created_at, aal) values (gen_random_uuid(), $1::text::uuid, now(), 'aal1')",
        "insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at, secret) \
            values (gen_random_uuid(), $1::text::uuid, 'totp', 'verified', now(), now(), 'x')",
    ] {
        ferrobase_db::Executor::execute(&sql, statement, &[&id.as_str().unwrap()])
            .await
            .unwrap();
    }
    let victim = world.sign_in(&person(9, "victim@example.com", true)).await;
    assert_eq!(&victim["id"], id);
    assert_eq!(
        (count("sessions", id).await, count("mfa_factors", id).await),
        (1, 0)
    );

    // A known identity takes nothing from its owner, confirmed or not.
    let factor = "insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at, secret) \
        select gen_random_uuid(), id, 'totp', 'verified', now(), now(), 'x' from auth.users where id::text = $1";
    ferrobase_db::Executor::execute(&sql, factor, &[&id.as_str().unwrap()])
        .await
        .unwrap();
    let unconfirm = "update auth.users set email_confirmed_at = null where id::text = $1";
    ferrobase_db::Executor::execute(&sql, unconfirm, &[&id.as_str().unwrap()])
        .await
        .unwrap();
    world.sign_in(&person(9, "victim@example.com", true)).await;
    assert_eq!(
        (count("sessions", id).await, count("mfa_factors", id).await),
        (2, 1)
    );
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn identities_are_linked_and_unlinked_by_their_user() {
    let world = World::start("").await;
    let user = world.known_user("ada@example.com").await;
    let session = world.password_session("ada@example.com").await;
    let token = session.json["access_token"].as_str().unwrap();
    let path = format!(
        "/auth/v1/user/identities/authorize?provider=github&skip_http_redirect=true&redirect_to={APP}"
    );
    let url = async || {
        let answer = world.backend.send(Method::GET, &path, Some(token), None).await;
        answer.json["url"]
            .as_str()
            .unwrap_or_else(|| panic!("{}", answer.text))
            .to_owned()
    };
    let other = person(7, "ada.private@example.org", true);
    let (code, state) = world.github.agree(&other, &url().await);
    assert!(fragment(&world.call_back(&code, &state).await).contains_key("access_token"));
    let linked = world.user(token).await;
    assert_eq!(
        (&linked["id"], linked["email"].as_str()),
        (&user["id"], Some("ada@example.com"))
    );
    assert_eq!(identities(&linked), ["email", "github"]);
    assert_eq!(linked["app_metadata"]["providers"], json!(["email", "github"]));

    let (code, state) = world.github.agree(&other, &url().await);
    let again = world.call_back(&code, &state).await;
    assert_eq!(error_code(&again).1, "identity_already_exists");
    let stranger = world.sign_in(&person(8, "eve@example.com", true)).await;
    assert_ne!(stranger["id"], user["id"]);
    let (code, state) = world
        .github
        .agree(&person(8, "eve@example.com", true), &url().await);
    assert_eq!(
        error_code(&world.call_back(&code, &state).await).1,
        "identity_already_exists"
    );

    let by_token = json!({"provider": "google", "link_identity": true, "id_token": world.oidc.id_token(&other, &json!({}))});
    let grant = "/auth/v1/token?grant_type=id_token";
    let nobody = world
        .backend
        .send(Method::POST, grant, None, Some(&by_token))
        .await;
    assert_eq!(nobody.status, 401, "{}", nobody.text);
    let answer = world
        .backend
        .send(Method::POST, grant, Some(token), Some(&by_token))
        .await;
    assert_eq!(
        (answer.status, &answer.json["user"]["id"]),
        (200, &user["id"]),
        "{}",
        answer.text
    );

    let linked = world.user(token).await;
    let github = linked["identities"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["provider"] == "github")
        .unwrap();
    let path = format!(
        "/auth/v1/user/identities/{}",
        github["identity_id"].as_str().unwrap()
    );
    let answer = world.backend.send(Method::DELETE, &path, Some(token), None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(identities(&world.user(token).await), ["email", "google"]);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_arrive_twice_at_once_are_one() {
    let world = World::start("").await;
    let ada = person(7, "ada@example.com", true);
    let mut returns = Vec::new();
    for _ in 0..8 {
        let url = world.authorize("github", "").await;
        returns.push(world.github.agree(&ada, &url));
    }
    let answers =
        futures_util::future::join_all(returns.iter().map(|(code, state)| world.call_back(code, state)))
            .await;
    let mut ids = Vec::new();
    for answer in answers {
        let tokens = fragment(&answer);
        let token = tokens.get("access_token").unwrap_or_else(|| panic!("{tokens:?}"));
        ids.push(world.user(token).await["id"].clone());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn anonymous_users_become_permanent_by_linking() {
    let world = World::start("enable_anonymous_sign_ins = true").await;
    let session = world
        .backend
        .send(Method::POST, "/auth/v1/signup", None, Some(&json!({})))
        .await;
    let token = session.json["access_token"].as_str().unwrap();
    let path = format!(
        "/auth/v1/user/identities/authorize?provider=google&skip_http_redirect=true&redirect_to={APP}"
    );
    let answer = world.backend.send(Method::GET, &path, Some(token), None).await;
    let (code, state) = world.oidc.agree(
        &person(7, "ada@example.com", true),
        answer.json["url"].as_str().unwrap(),
    );
    let tokens = fragment(&world.call_back(&code, &state).await);
    let user = world.user(&tokens["access_token"]).await;
    assert_eq!(user["id"], session.json["user"]["id"]);
    assert_eq!(
        (&user["is_anonymous"], user["email"].as_str()),
        (&json!(false), Some("ada@example.com"))
    );
    world.backend.stop().await;
}
