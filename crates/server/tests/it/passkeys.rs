//! Passkeys with an authenticator that these tests run themselves.

use axum::http::Method;
use data_encoding::BASE64URL_NOPAD;
use ferrobase_db::Executor;
use ferrobase_testkit::{Answer, Backend};
use serde_json::{Value, json};

mod attacks;
mod authenticator;

use authenticator::Authenticator;

const PASSWORD: &str = "correct horse 1";
const SETTINGS: &str = "[auth]\nsite_url = \"http://localhost:3000\"\nenable_anonymous_sign_ins = true\n\
     [auth.mfa.totp]\nenroll_enabled = true\nverify_enabled = true\n\
     [auth.webauthn]\nrp_id = \"localhost\"\nrp_display_name = \"Tests\"\nrp_origins = [\"http://localhost:3000\"]\n";

struct World(Backend);

/// A user with a session.
struct Somebody {
    id: String,
    token: String,
}

impl World {
    async fn start(more: &str) -> Self {
        Self(Backend::start(&format!("{SETTINGS}[auth.passkey]\nenabled = true\n{more}")).await)
    }

    async fn call(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Answer {
        let path = format!("/auth/v1/{path}");
        self.0.send(method, &path, token, body.as_ref()).await
    }

    async fn post(&self, path: &str, token: Option<&str>, body: Value) -> Answer {
        self.call(Method::POST, path, token, Some(body)).await
    }

    fn admin(&self) -> String {
        self.0.endpoints().service_role_key.clone()
    }

    async fn sign_up(&self, email: &str) -> Somebody {
        let account = json!({ "email": email, "password": PASSWORD });
        let answer = self.post("signup", None, account).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        Somebody {
            id: answer.json["user"]["id"].as_str().unwrap().to_owned(),
            token: answer.json["access_token"].as_str().unwrap().to_owned(),
        }
    }

    async fn registration(&self, who: &Somebody) -> Answer {
        self.post("passkeys/registration/options", Some(&who.token), json!({}))
            .await
    }

    /// Options, the authenticator's answer, and the server's judgement.
    async fn register(&self, who: &Somebody, key: &mut Authenticator) -> Answer {
        let asked = self.registration(who).await;
        assert_eq!(asked.status, 200, "{}", asked.text);
        let credential = key.create(&asked.json["options"]);
        let body = json!({ "challenge_id": asked.json["challenge_id"], "credential": credential });
        self.post("passkeys/registration/verify", Some(&who.token), body)
            .await
    }

    async fn registered(&self, who: &Somebody) -> Authenticator {
        let mut key = Authenticator::new();
        let answer = self.register(who, &mut key).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        key
    }

    async fn challenge(&self) -> Value {
        let asked = self
            .call(Method::POST, "passkeys/authentication/options", None, None)
            .await;
        assert_eq!(asked.status, 200, "{}", asked.text);
        asked.json
    }

    async fn answer(&self, challenge: &Value, credential: Value) -> Answer {
        let body = json!({ "challenge_id": challenge["challenge_id"], "credential": credential });
        self.post("passkeys/authentication/verify", None, body).await
    }

    async fn sign_in(&self, key: &mut Authenticator) -> Answer {
        let challenge = self.challenge().await;
        let credential = key.get(&challenge["options"]);
        self.answer(&challenge, credential).await
    }

    async fn sql(&self, statement: &str) {
        self.0.sql().execute(statement, &[]).await.unwrap();
    }

    async fn stop(self) {
        self.0.stop().await;
    }
}

fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status, answer.json["error_code"].as_str()),
        (status, Some(code)),
        "{}",
        answer.text
    );
}

fn claims(answer: &Answer) -> Value {
    let token = answer.json["access_token"].as_str().unwrap();
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_registered_and_signs_in_without_a_name() {
    let world = World::start("").await;
    let ann = world.sign_up("ann@example.com").await;
    let asked = world.registration(&ann).await;
    let options = &asked.json["options"];
    assert!(options["publicKey"].is_null() && options["rp"] == json!({"name": "Tests", "id": "localhost"}));
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["attestation"], "none");
    assert_eq!(options["excludeCredentials"], json!([]));
    assert_eq!(options["user"]["name"], "ann@example.com");

    let mut key = Authenticator::new();
    key.is_synced = true;
    key.aaguid = 0xbada_5566_a7aa_401f_bd96_4561_9a55_120d_u128.to_be_bytes();
    let made = world.register(&ann, &mut key).await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert_eq!(made.json["friendly_name"], "1Password");
    let names: Vec<&String> = made.json.as_object().unwrap().keys().collect();
    assert_eq!(names, ["id", "friendly_name", "created_at"]);
    let again = world.registration(&ann).await;
    let excluded = &again.json["options"]["excludeCredentials"];
    assert_eq!(excluded[0]["id"], authenticator::encode(&key.credential_id));

    let challenge = world.challenge().await;
    assert_eq!(challenge["options"]["allowCredentials"], json!([]));
    assert_eq!(challenge["options"]["rpId"], "localhost");
    assert!(challenge["expires_at"].is_i64());
    let session = world.sign_in(&mut key).await;
    assert_eq!(session.status, 200, "{}", session.text);
    assert_eq!(session.json["user"]["id"], ann.id.as_str());
    let claims = claims(&session);
    assert_eq!(claims["amr"][0]["method"], "passkey");
    assert_eq!(claims["aal"], "aal1");
    let refresh = json!({ "refresh_token": session.json["refresh_token"] });
    let refreshed = world.post("token?grant_type=refresh_token", None, refresh).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.text);

    let sql = world.0.sql();
    let row = sql
        .query_one(
            "select backup_eligible and backed_up and last_used_at is not null, sign_count, attestation_type, \
                aaguid::text, transports::text from auth.webauthn_credentials",
            &[],
        )
        .await
        .unwrap();
    let (kept, count): (bool, i64) = (row.get(0), row.get(1));
    assert!(kept && count == 0);
    assert_eq!(row.get::<_, &str>(2), "none");
    assert_eq!(row.get::<_, &str>(3), "bada5566-a7aa-401f-bd96-45619a55120d");
    assert_eq!(row.get::<_, &str>(4), "[\"internal\"]");
    let actions = sql
        .query(
            "select payload->>'action', ip_address from auth.audit_log_entries \
             where payload::jsonb->'traits' ? 'passkey_id' order by created_at",
            &[],
        )
        .await;
    let actions: Vec<(String, String)> = actions
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    let loopback = "127.0.0.1".to_owned();
    let expected = ["passkey_created", "login"].map(|action| (action.to_owned(), loopback.clone()));
    assert_eq!(actions, expected);
    let settings = world.call(Method::GET, "settings", None, None).await;
    assert_eq!(settings.json["passkeys_enabled"], true);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_and_administrators_look_after_them() {
    let world = World::start("").await;
    let (ann, bob) = (
        world.sign_up("ann@example.com").await,
        world.sign_up("bob@example.com").await,
    );
    let mut key = world.registered(&ann).await;
    world.registered(&ann).await;
    let list = world.call(Method::GET, "passkeys", Some(&ann.token), None).await;
    let listed = list.json.as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["friendly_name"], "Passkey");
    assert!(listed[0].get("last_used_at").is_none());
    let path = format!("passkeys/{}", listed[0]["id"].as_str().unwrap());

    for (name, message) in [
        (json!(null), "friendly_name is required"),
        (json!(""), "friendly_name is required"),
        (
            json!("x".repeat(121)),
            "friendly_name must be 120 characters or less",
        ),
        (
            json!("a\u{0}b"),
            "friendly_name must not contain control characters",
        ),
    ] {
        let body = Some(json!({ "friendly_name": name }));
        let answer = world.call(Method::PATCH, &path, Some(&ann.token), body).await;
        assert_refused(&answer, 400, "validation_failed");
        assert_eq!(answer.json["msg"], message);
    }
    let long = "\u{e4}".repeat(120);
    let body = json!({ "friendly_name": long });
    let renamed = world
        .call(Method::PATCH, &path, Some(&ann.token), Some(body.clone()))
        .await;
    assert_eq!(renamed.status, 200, "{}", renamed.text);
    assert_eq!(renamed.json["friendly_name"], long.as_str());
    // Somebody else's looks like none.
    for path in [path.as_str(), "passkeys/nonsense"] {
        let answer = world
            .call(Method::PATCH, path, Some(&bob.token), Some(body.clone()))
            .await;
        assert_refused(&answer, 404, "validation_failed");
        let answer = world.call(Method::DELETE, path, Some(&bob.token), None).await;
        assert_refused(&answer, 404, "validation_failed");
    }
    let answer = world.call(Method::DELETE, &path, Some(&ann.token), None).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_refused(
        &world.sign_in(&mut key).await,
        400,
        "webauthn_verification_failed",
    );

    let admin = world.admin();
    let of_ann = format!("admin/users/{}/passkeys", ann.id);
    let list = world.call(Method::GET, &of_ann, Some(&admin), None).await;
    assert_eq!(list.json.as_array().unwrap().len(), 1);
    let answer = world.call(Method::GET, &of_ann, Some(&ann.token), None).await;
    assert_refused(&answer, 403, "not_admin");
    let id = list.json[0]["id"].as_str().unwrap();
    let of_bob = format!("admin/users/{}/passkeys/{id}", bob.id);
    let answer = world.call(Method::DELETE, &of_bob, Some(&admin), None).await;
    assert_refused(&answer, 404, "validation_failed");
    let answer = world
        .call(Method::DELETE, &format!("{of_ann}/{id}"), Some(&admin), None)
        .await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    let list = world.call(Method::GET, &of_ann, Some(&admin), None).await;
    assert_eq!(list.text, "[]");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_register_and_how_many() {
    let world = World::start("max_passkeys_per_user = 2\n").await;
    let anonymous = world.post("signup", None, json!({})).await;
    let token = anonymous.json["access_token"].as_str().unwrap();
    let answer = world
        .post("passkeys/registration/options", Some(token), json!({}))
        .await;
    assert_refused(&answer, 403, "no_authorization");
    let answer = world.post("passkeys/registration/options", None, json!({})).await;
    assert_eq!(answer.status, 401, "{}", answer.text);

    // Two challenges below the limit are worth one passkey when one place is left.
    let ann = world.sign_up("ann@example.com").await;
    world.registered(&ann).await;
    let (first, second) = (world.registration(&ann).await, world.registration(&ann).await);
    let mut statuses = Vec::new();
    for asked in [first, second] {
        let credential = Authenticator::new().create(&asked.json["options"]);
        let body = json!({ "challenge_id": asked.json["challenge_id"], "credential_response": credential });
        let answer = world
            .post("passkeys/registration/verify", Some(&ann.token), body)
            .await;
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [200, 422]);
    assert_refused(&world.registration(&ann).await, 422, "too_many_passkeys");

    let bob = world.sign_up("bob@example.com").await;
    world
        .sql(&format!(
            "update auth.users set is_sso_user = true where id = '{}'",
            bob.id
        ))
        .await;
    let answer = world.registration(&bob).await;
    assert_refused(&answer, 422, "validation_failed");
    assert_eq!(answer.json["msg"], "SSO users cannot register passkeys");

    // With a second factor, a session without it may neither add nor remove.
    let eve = world.sign_up("eve@example.com").await;
    world.registered(&eve).await;
    let asked = world.registration(&eve).await;
    let factor = json!({ "factor_type": "totp", "friendly_name": "phone" });
    let factor = world.post("factors", Some(&eve.token), factor).await;
    assert_eq!(factor.status, 200, "{}", factor.text);
    world.sql("update auth.mfa_factors set status = 'verified'").await;
    let message = "AAL2 session is required to manage passkeys when MFA is enabled";
    let answer = world.registration(&eve).await;
    assert_refused(&answer, 403, "insufficient_aal");
    assert_eq!(answer.json["msg"], message);
    let credential = Authenticator::new().create(&asked.json["options"]);
    let body = json!({ "challenge_id": asked.json["challenge_id"], "credential": credential });
    let answer = world
        .post("passkeys/registration/verify", Some(&eve.token), body.clone())
        .await;
    assert_refused(&answer, 403, "insufficient_aal");
    let list = world.call(Method::GET, "passkeys", Some(&eve.token), None).await;
    let path = format!("passkeys/{}", list.json[0]["id"].as_str().unwrap());
    let answer = world.call(Method::DELETE, &path, Some(&eve.token), None).await;
    assert_refused(&answer, 403, "insufficient_aal");
    // The refusal came before the challenge was touched.
    world.sql("update auth.sessions set aal = 'aal2'").await;
    let answer = world
        .post("passkeys/registration/verify", Some(&eve.token), body)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_may_refuse_and_a_captcha_may_be_asked_for() {
    let world = World::start(
        "[auth.hook.before_mfa_enrollment]\nenabled = true\nuri = \"pg-functions://postgres/public/admission\"\n\
         [auth.captcha]\nenabled = true\nprovider = \"turnstile\"\nsecret = \"s\"\n",
    )
    .await;
    world
        .sql(
            "create function public.admission(event jsonb) returns jsonb language sql as $$ \
                select jsonb_build_object('error', jsonb_build_object('http_code', 403, \
                    'message', 'no ' || (event->>'factor_type') || ' today')) $$",
        )
        .await;
    let admin = world.admin();
    let account = json!({ "email": "ann@example.com", "password": PASSWORD });
    let ann = world.post("signup", Some(&admin), account).await;
    let token = ann.json["access_token"].as_str().unwrap();
    let answer = world
        .post("passkeys/registration/options", Some(token), json!({}))
        .await;
    assert_eq!(
        (answer.status, answer.json["msg"].as_str()),
        (403, Some("no passkey today"))
    );
    for body in [None, Some(json!({})), Some(json!({"gotrue_meta_security": {}}))] {
        let answer = world
            .call(Method::POST, "passkeys/authentication/options", None, body)
            .await;
        assert_refused(&answer, 400, "captcha_failed");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn possession_alone_is_enough_where_the_project_says_so() {
    let world = World::start("user_verification = \"preferred\"\n").await;
    let ann = world.sign_up("ann@example.com").await;
    let asked = world.registration(&ann).await;
    let wanted = &asked.json["options"]["authenticatorSelection"]["userVerification"];
    assert_eq!(wanted, "preferred");
    let mut key = Authenticator::new();
    key.verifies_user = false;
    let answer = world.register(&ann, &mut key).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        world.challenge().await["options"]["userVerification"],
        "preferred"
    );
    assert_eq!(world.sign_in(&mut key).await.status, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_there_are_none() {
    let backend = Backend::start(SETTINGS).await;
    let world = World(backend);
    let ann = world.sign_up("ann@example.com").await;
    let some = "passkeys/5f0c7a4e-7d3b-4b8e-9a59-7c6de1c9b2aa";
    let of_ann = format!("admin/users/{}/passkeys", ann.id);
    let admin = world.admin();
    for (method, path, token) in [
        (Method::POST, "passkeys/registration/options", &ann.token),
        (Method::POST, "passkeys/registration/verify", &ann.token),
        (Method::POST, "passkeys/authentication/options", &ann.token),
        (Method::POST, "passkeys/authentication/verify", &ann.token),
        (Method::GET, "passkeys", &ann.token),
        (Method::PATCH, some, &ann.token),
        (Method::DELETE, some, &ann.token),
        (Method::GET, of_ann.as_str(), &admin),
    ] {
        let answer = world.call(method, path, Some(token), None).await;
        assert_refused(&answer, 404, "passkey_disabled");
        assert_eq!(answer.json["msg"], "Passkeys are disabled");
    }
    let settings = world.call(Method::GET, "settings", None, None).await;
    assert_eq!(settings.json["passkeys_enabled"], false);
    world.stop().await;
}
