//! Tokens that others signed: accepted by the data API as users' tokens, and as nothing else anywhere.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use data_encoding::BASE64URL_NOPAD;
use ferrobase_db::Executor;
use ferrobase_jwt::{Clock, KeyAlgorithm, KeySet, TokenKeys, generate_key, hmac_sha256};
use ferrobase_testkit::{Answer, Backend};
use serde_json::{Value, json};

const ISSUER: &str = "https://clerk.example.com";

/// An issuer on this machine.
#[derive(Clone)]
struct Issuer(Arc<Mutex<Served>>);

struct Served {
    address: String,
    keys: Value,
    is_up: bool,
    questions: usize,
}

fn signer(kid: &str) -> TokenKeys {
    let mut jwk = generate_key(KeyAlgorithm::Rs256).unwrap();
    jwk["kid"] = kid.into();
    let set = KeySet {
        secret: "a secret of at least thirty-two characters".into(),
        jwks: vec![jwk],
        sign_with_secret: false,
    };
    TokenKeys::new(&set, Clock::System).unwrap()
}

fn published(keys: &TokenKeys) -> Value {
    serde_json::from_str(&keys.jwks_json()).unwrap()
}

impl Issuer {
    async fn start(keys: Value) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let issuer = Self(Arc::new(Mutex::new(Served {
            address,
            keys,
            is_up: true,
            questions: 0,
        })));
        let router = axum::Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys_of))
            .with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        issuer
    }

    fn set(&self, change: impl FnOnce(&mut Served)) {
        change(&mut self.0.lock().unwrap());
    }

    fn address(&self) -> String {
        self.0.lock().unwrap().address.clone()
    }
}

async fn discovery(State(issuer): State<Issuer>) -> impl IntoResponse {
    let mut served = issuer.0.lock().unwrap();
    served.questions += 1;
    if !served.is_up {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    // With a slash, as Auth0 has it.
    let document = json!({"issuer": format!("{ISSUER}/"), "jwks_uri": format!("{}/keys", served.address)});
    Json(document).into_response()
}

async fn keys_of(State(issuer): State<Issuer>) -> Json<Value> {
    Json(issuer.0.lock().unwrap().keys.clone())
}

fn now() -> i64 {
    Clock::System.unix()
}

fn good() -> Value {
    json!({
        "iss": format!("{ISSUER}/"), "sub": "user_2abc", "aud": ["shop", "other"], "exp": now() + 600, "iat": now(),
        "role": "authenticated", "email": "ann@example.com",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = good();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = good();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

async fn start(issuer: &Issuer) -> Backend {
    let backend = Backend::start(&format!(
        "[auth.third_party.clerk]\nenabled = true\ndomain = \"clerk.example.com\"\naudiences = [\"shop\"]\nbase_url = \"{}\"\n",
        issuer.address()
    ))
    .await;
    let statement = "create function public.whoami() returns json language sql as $$ \
        select json_build_object('role', current_user, 'claims', auth.jwt()) $$";
    backend.sql().execute(statement, &[]).await.unwrap();
    for _ in 0..100 {
        if whoami(&backend, None).await.status == 200 {
            return backend;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the function does not show");
}

async fn whoami(backend: &Backend, token: Option<&str>) -> Answer {
    let path = "/rest/v1/rpc/whoami";
    backend.send(Method::POST, path, token, Some(&json!({}))).await
}

/// Waits until the keys are known; at most as long as the pause between two questions allows.
async fn until_accepted(backend: &Backend, token: &str) -> Answer {
    for _ in 0..150 {
        let answer = whoami(backend, Some(token)).await;
        if answer.status == 200 {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{}", whoami(backend, Some(token)).await.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_token_is_a_user_of_the_data_api_and_of_nothing_else() {
    let keys = signer("one");
    let issuer = Issuer::start(published(&keys)).await;
    let backend = start(&issuer).await;
    let token = keys.sign(&good()).unwrap();
    let answer = until_accepted(&backend, &token).await;
    assert_eq!(answer.json["role"], "authenticated");
    assert_eq!(answer.json["claims"]["sub"], "user_2abc");
    // Without a role, the caller is anybody.
    let token = keys.sign(&without("role")).unwrap();
    assert_eq!(whoami(&backend, Some(&token)).await.json["role"], "anon");

    // Not a user of ours: not even with the id of one.
    let account = json!({ "email": "ann@example.com", "password": "correct horse 1" });
    let ours = backend
        .send(Method::POST, "/auth/v1/signup", None, Some(&account))
        .await;
    let forged = keys.sign(&with("sub", ours.json["user"]["id"].clone())).unwrap();
    assert_eq!(whoami(&backend, Some(&forged)).await.status, 200);
    for (method, path) in [
        (Method::GET, "/auth/v1/user"),
        (Method::PUT, "/auth/v1/user"),
        (Method::POST, "/auth/v1/logout"),
        (Method::POST, "/auth/v1/factors"),
        (Method::GET, "/auth/v1/reauthenticate"),
        (Method::GET, "/auth/v1/admin/users"),
        (Method::POST, "/auth/v1/admin/generate_link"),
    ] {
        let answer = backend
            .send(method, path, Some(&forged), Some(&json!({ "password": "x" })))
            .await;
        assert_eq!(
            (answer.status, &answer.json["error_code"]),
            (403, &json!("bad_jwt")),
            "{path}"
        );
    }
    // Nor a project key.
    let headers = vec![("apikey".to_owned(), token.clone())];
    let answer = backend
        .raw(Method::POST, "/rest/v1/rpc/whoami", headers, b"{}".to_vec())
        .await;
    assert_eq!(answer.status, 401, "{}", answer.text);
    backend.stop().await;
}

/// A token whose parts are as given, its signature made by `sign`.
fn made(header: &Value, claims: &Value, sign: impl FnOnce(&str) -> Vec<u8>) -> String {
    let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = BASE64URL_NOPAD.encode(&sign(&message));
    format!("{message}.{signature}")
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_tokens_are_refused() {
    let keys = signer("one");
    let issuer = Issuer::start(published(&keys)).await;
    let backend = start(&issuer).await;
    let right = keys.sign(&good()).unwrap();
    until_accepted(&backend, &right).await;

    let mut wrong: Vec<(String, String)> = Vec::new();
    for (name, claims) in [
        ("expired", with("exp", json!(now() - 60))),
        ("exp is a text", with("exp", json!("9999999999"))),
        ("no exp", without("exp")),
        ("not yet valid", with("nbf", json!(now() + 600))),
        (
            "another issuer",
            with("iss", json!("https://clerk.example.com.evil.example/")),
        ),
        ("without the slash", with("iss", json!(ISSUER))),
        ("no issuer", without("iss")),
        ("another audience", with("aud", json!("other"))),
        ("no audience", without("aud")),
        ("audience is no text", with("aud", json!({"shop": true}))),
        ("no subject", without("sub")),
        ("subject is no text", with("sub", json!(7))),
        ("service_role", with("role", json!("service_role"))),
        ("supabase_admin", with("role", json!("supabase_admin"))),
        ("supabase_auth_admin", with("role", json!("supabase_auth_admin"))),
        ("postgres", with("role", json!("postgres"))),
        ("authenticator", with("role", json!("authenticator"))),
        ("pg_read_all_data", with("role", json!("pg_read_all_data"))),
        ("role is no text", with("role", json!(["service_role"]))),
    ] {
        wrong.push((name.to_owned(), keys.sign(&claims).unwrap()));
    }
    wrong.push((
        "another key of that name".to_owned(),
        signer("one").sign(&good()).unwrap(),
    ));
    wrong.push(("an unknown key".to_owned(), signer("two").sign(&good()).unwrap()));
    // The public key as the secret of an HMAC, in the forms in which it can be had.
    let jwk = published(&keys)["keys"][0].clone();
    let modulus = BASE64URL_NOPAD
        .decode(jwk["n"].as_str().unwrap().as_bytes())
        .unwrap();
    let set = keys.jwks_json().as_bytes().to_vec();
    for (name, secret) in [
        ("JWK", jwk.to_string().into_bytes()),
        ("set", set),
        ("modulus", modulus),
    ] {
        for kid in [json!("one"), Value::Null] {
            let header = json!({"alg": "HS256", "kid": kid, "typ": "JWT"});
            let token = made(&header, &good(), |message| {
                hmac_sha256(&secret, &[message.as_bytes()]).to_vec()
            });
            wrong.push((format!("HS256 with the {name}, kid {kid}"), token));
        }
    }
    for alg in ["none", "None", "NONE", ""] {
        let header = json!({"alg": alg, "kid": "one", "typ": "JWT"});
        wrong.push((format!("alg {alg:?}"), made(&header, &good(), |_| Vec::new())));
    }
    let signature = right.rsplit('.').next().unwrap();
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    let header = json!({"alg": "RS256", "typ": "JWT"});
    wrong.push(("no kid".to_owned(), made(&header, &good(), |_| signature)));
    wrong.push(("cut off".to_owned(), right[..right.len() - 8].to_owned()));
    for (name, token) in &wrong {
        let answer = whoami(&backend, Some(token)).await;
        assert_eq!(answer.status, 401, "{name}: {}", answer.text);
        assert!(answer.json["message"].is_string(), "{name}: {}", answer.text);
    }
    assert_eq!(whoami(&backend, Some(&right)).await.status, 200);
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_followed_and_an_issuer_may_be_down() {
    let (first, second) = (signer("one"), signer("two"));
    let issuer = Issuer::start(published(&first)).await;
    issuer.set(|served| served.is_up = false);
    // It is down: that stops no start, and its tokens are refused in words.
    let backend = start(&issuer).await;
    let old = first.sign(&good()).unwrap();
    let answer = whoami(&backend, Some(&old)).await;
    assert_eq!(
        (answer.status, &answer.json["code"]),
        (401, &json!("PGRST301")),
        "{}",
        answer.text
    );
    assert_eq!(
        answer.json["details"],
        "The keys of the JWT's issuer are not known"
    );

    issuer.set(|served| served.is_up = true);
    until_accepted(&backend, &old).await;

    // Its keys change: an unknown key makes us ask, but not more often than every few seconds.
    issuer.set(|served| {
        served.keys = published(&second);
        served.questions = 0;
    });
    let new = second.sign(&good()).unwrap();
    until_accepted(&backend, &new).await;
    assert_eq!(whoami(&backend, Some(&old)).await.status, 401, "that key is gone");
    for kid in 0..200 {
        let made_up = made(&json!({"alg": "RS256", "kid": kid.to_string()}), &good(), |_| {
            vec![1]
        });
        assert_eq!(whoami(&backend, Some(&made_up)).await.status, 401);
    }
    let questions = issuer.0.lock().unwrap().questions;
    assert!(questions <= 3, "{questions} questions");

    // Down again: the keys that it had are still good.
    issuer.set(|served| served.is_up = false);
    assert_eq!(whoami(&backend, Some(&new)).await.status, 200);
    backend.stop().await;
}
