//! What must not open an account, or add a key to one.

use axum::http::Method;
use serde_json::{Value, json};

use super::authenticator::{Authenticator, encode};
use super::{Somebody, World, assert_refused};

const FAILED: &str = "webauthn_verification_failed";
const GONE: &str = "webauthn_challenge_not_found";

/// What is wrong with an authenticator; the second is somebody else's.
type Change = fn(&mut Authenticator, &Authenticator);

fn set(field: &mut String, value: &str) {
    value.clone_into(field);
}

/// Flips a bit in the middle of a field of the response.
fn tamper(credential: &Value, field: &str) -> Value {
    let mut credential = credential.clone();
    let text = credential["response"][field].as_str().unwrap();
    let mut bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    credential["response"][field] = json!(encode(&bytes));
    credential
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_wants_exactly_the_right_answer() {
    let world = World::start("").await;
    let (ann, bob) = (
        world.sign_up("ann@example.com").await,
        world.sign_up("bob@example.com").await,
    );
    let mut key = world.registered(&ann).await;
    let other = world.registered(&bob).await;

    // Each change alone is enough.
    let changed: [(&str, Change); 11] = [
        ("another site", |key, _| {
            set(&mut key.origin, "https://evil.example");
        }),
        ("another port", |key, _| {
            set(&mut key.origin, "http://localhost:3001");
        }),
        ("another scheme", |key, _| {
            set(&mut key.origin, "https://localhost:3000");
        }),
        ("a site below", |key, _| {
            set(&mut key.origin, "http://a.localhost:3000");
        }),
        ("another relying party", |key, _| {
            set(&mut key.rp_id, "evil.example");
        }),
        ("no verification", |key, _| key.verifies_user = false),
        ("suddenly synced", |key, _| key.is_synced = true),
        ("an unknown key", |key, _| key.credential_id[0] ^= 1),
        ("another user's name", |key, other| {
            set(&mut key.user_handle, &other.user_handle);
        }),
        ("no user's name", |key, _| key.user_handle.clear()),
        ("another user's key", |key, other| {
            key.credential_id.clone_from(&other.credential_id);
        }),
    ];
    for (what, change) in changed {
        let good = (
            key.origin.clone(),
            key.rp_id.clone(),
            key.credential_id.clone(),
            key.user_handle.clone(),
        );
        change(&mut key, &other);
        let answer = world.sign_in(&mut key).await;
        assert_refused(&answer, 400, FAILED);
        assert_eq!(answer.json["msg"], "Credential verification failed", "{what}");
        (key.origin, key.rp_id, key.credential_id, key.user_handle) = good;
        (key.verifies_user, key.is_synced) = (true, false);
    }
    for field in ["signature", "authenticatorData", "clientDataJSON", "userHandle"] {
        let challenge = world.challenge().await;
        let credential = tamper(&key.get(&challenge["options"]), field);
        assert_refused(&world.answer(&challenge, credential).await, 400, FAILED);
    }
    // The answer to one challenge is none to another.
    let (first, second) = (world.challenge().await, world.challenge().await);
    let credential = key.get(&first["options"]);
    assert_refused(&world.answer(&second, credential).await, 400, FAILED);
    let answer = world.sign_in(&mut key).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_worth_one_answer() {
    let world = World::start("").await;
    let (ann, bob) = (
        world.sign_up("ann@example.com").await,
        world.sign_up("bob@example.com").await,
    );
    let mut key = world.registered(&ann).await;
    let challenge = world.challenge().await;
    let credential = key.get(&challenge["options"]);
    assert_eq!(world.answer(&challenge, credential.clone()).await.status, 200);
    assert_refused(&world.answer(&challenge, credential.clone()).await, 400, GONE);
    // A wrong answer uses it up too, even one that is none.
    let challenge = world.challenge().await;
    let answer = world.answer(&challenge, json!({ "id": 7 })).await;
    assert_refused(&answer, 400, FAILED);
    assert_eq!(answer.json["msg"], "Invalid credential response");
    let credential = key.get(&challenge["options"]);
    assert_refused(&world.answer(&challenge, credential).await, 400, GONE);
    // An old one.
    let challenge = world.challenge().await;
    world
        .sql("update auth.webauthn_challenges set expires_at = now() - interval '1 second'")
        .await;
    let credential = key.get(&challenge["options"]);
    let answer = world.answer(&challenge, credential.clone()).await;
    assert_refused(&answer, 400, "webauthn_challenge_expired");
    assert_refused(&world.answer(&challenge, credential.clone()).await, 400, GONE);
    // One of the other kind, and one of somebody else.
    let asked = world.registration(&ann).await;
    let credential_for_other = key.get(&asked.json["options"]);
    assert_refused(&world.answer(&asked.json, credential_for_other).await, 400, GONE);
    let credential = Authenticator::new().create(&asked.json["options"]);
    let body = json!({ "challenge_id": asked.json["challenge_id"], "credential": credential });
    let verify = "passkeys/registration/verify";
    let answer = world.post(verify, Some(&bob.token), body.clone()).await;
    assert_refused(&answer, 400, GONE);
    let answer = world.post(verify, Some(&ann.token), body.clone()).await;
    assert_eq!(answer.status, 200, "still ann's: {}", answer.text);
    let answer = world.post(verify, Some(&ann.token), body).await;
    assert_refused(&answer, 400, GONE);
    // No challenge at all.
    for (body, message) in [
        (
            json!({ "credential": credential_stub() }),
            "challenge_id is required",
        ),
        (json!({ "challenge_id": ann.id }), "credential is required"),
        (
            json!({ "challenge_id": "x", "credential": credential_stub() }),
            "challenge_id must be a valid UUID",
        ),
    ] {
        for (path, token) in [
            (verify, Some(&*ann.token)),
            ("passkeys/authentication/verify", None),
        ] {
            let answer = world.post(path, token, body.clone()).await;
            assert_refused(&answer, 400, "validation_failed");
            assert_eq!(answer.json["msg"], message);
        }
    }
    // Of those who answer at the same moment one gets in.
    let challenge = world.challenge().await;
    let credential = key.get(&challenge["options"]);
    let race = (0..6).map(|_| world.answer(&challenge, credential.clone()));
    let answers = futures_util::future::join_all(race).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    world.stop().await;
}

fn credential_stub() -> Value {
    json!({ "id": "x" })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_key_gives_itself_away() {
    let world = World::start("").await;
    let ann = world.sign_up("ann@example.com").await;
    let mut key = Authenticator::new();
    key.counter = 5;
    let answer = world.register(&ann, &mut key).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(world.sign_in(&mut key).await.status, 200);
    assert_eq!(world.sign_in(&mut key).await.status, 200);
    assert_eq!(key.counter, 7);
    for behind in [6, 5, 1] {
        key.counter = behind;
        assert_refused(&world.sign_in(&mut key).await, 400, FAILED);
    }
    // One that stops counting.
    key.counter = 0;
    assert_refused(&world.sign_in(&mut key).await, 400, FAILED);
    key.counter = 7;
    assert_eq!(world.sign_in(&mut key).await.status, 200);
    // Two assertions with the same count, at the same moment: the second came from a copy.
    let (first, second) = (world.challenge().await, world.challenge().await);
    let one = key.get(&first["options"]);
    key.counter -= 1;
    let two = key.get(&second["options"]);
    let (one, two) = tokio::join!(world.answer(&first, one), world.answer(&second, two));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn registration_wants_exactly_the_right_answer() {
    let world = World::start("").await;
    let (ann, bob) = (
        world.sign_up("ann@example.com").await,
        world.sign_up("bob@example.com").await,
    );
    let changes: [(&str, Change); 4] = [
        ("another site", |key, _| {
            set(&mut key.origin, "https://evil.example");
        }),
        ("another port", |key, _| {
            set(&mut key.origin, "http://localhost:3001");
        }),
        ("another relying party", |key, _| {
            set(&mut key.rp_id, "evil.example");
        }),
        ("no verification", |key, _| key.verifies_user = false),
    ];
    for (what, change) in changes {
        let mut key = Authenticator::new();
        change(&mut key, &Authenticator::new());
        let answer = world.register(&ann, &mut key).await;
        assert_refused(&answer, 400, FAILED);
        assert_eq!(answer.json["msg"], "Credential verification failed", "{what}");
    }
    for field in ["clientDataJSON", "attestationObject"] {
        let asked = world.registration(&ann).await;
        let credential = tamper(&Authenticator::new().create(&asked.json["options"]), field);
        let body = json!({ "challenge_id": asked.json["challenge_id"], "credential": credential });
        let answer = world
            .post("passkeys/registration/verify", Some(&ann.token), body)
            .await;
        assert_refused(&answer, 400, FAILED);
    }
    let mut key = Authenticator::new();
    key.credential_id = vec![7; 1024];
    assert_refused(&world.register(&ann, &mut key).await, 400, FAILED);

    // A credential belongs to one user.
    let mut key = world.registered(&ann).await;
    for who in [&ann, &bob] {
        let answer = world.register(who, &mut key).await;
        assert_refused(&answer, 422, "webauthn_credential_exists");
        assert_eq!(answer.json["msg"], "This credential is already registered");
    }
    world.stop().await;
}

async fn admin_update(world: &World, who: &Somebody, changes: Value) {
    let path = format!("admin/users/{}", who.id);
    let answer = world
        .call(Method::PUT, &path, Some(&world.admin()), Some(changes))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_who_may_not_sign_in_do_not() {
    let world = World::start("").await;
    let ann = world.sign_up("ann@example.com").await;
    let mut key = world.registered(&ann).await;
    admin_update(&world, &ann, json!({ "ban_duration": "1h" })).await;
    let answer = world.sign_in(&mut key).await;
    assert_refused(&answer, 403, "user_banned");
    admin_update(&world, &ann, json!({ "ban_duration": "none" })).await;
    let of_ann = format!("where id = '{}'", ann.id);
    world
        .sql(&format!(
            "update auth.users set email_confirmed_at = null {of_ann}"
        ))
        .await;
    let answer = world.sign_in(&mut key).await;
    assert_refused(&answer, 403, "email_not_confirmed");
    assert_eq!(answer.json["msg"], "Email not confirmed");
    let phone = "update auth.users set email_confirmed_at = now(), phone = '15550001'";
    world.sql(&format!("{phone} {of_ann}")).await;
    assert_refused(&world.sign_in(&mut key).await, 403, "phone_not_confirmed");
    // Without the key nobody learns of it.
    let mut strange = Authenticator::new();
    strange.user_handle.clone_from(&ann.id);
    assert_refused(&world.sign_in(&mut strange).await, 400, FAILED);
    world
        .sql(&format!("update auth.users set phone = null {of_ann}"))
        .await;
    assert_eq!(world.sign_in(&mut key).await.status, 200);

    let path = format!("admin/users/{}", ann.id);
    let soft = Some(json!({ "should_soft_delete": true }));
    let answer = world
        .call(Method::DELETE, &path, Some(&world.admin()), soft)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_refused(&world.sign_in(&mut key).await, 400, FAILED);
    world.stop().await;
}
