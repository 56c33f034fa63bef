//! Made-up tokens against our own verifier, through HTTP, at Auth and at the data API. Whoever holds a signing key can write
//! what they like; the tests that sign with ours show that odd claims do no harm either.

mod claims;
mod forms;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::Method;
use data_encoding::BASE64URL_NOPAD;
use ferrobase_db::Executor;
use ferrobase_jwt::{Clock, KeyAlgorithm, KeySet, TokenKeys, generate_key, hmac_sha256};
use ferrobase_testkit::{Answer, Backend};
use serde_json::{Value, json};

fn signer(jwk: Value) -> TokenKeys {
    let set = KeySet {
        secret: "a secret that nobody in these tests uses".into(),
        jwks: vec![jwk],
        sign_with_secret: false,
    };
    TokenKeys::new(&set, Clock::System).unwrap()
}

/// A backend that signs with an EC key and accepts an RSA key's tokens as well, and a user of it.
struct Target {
    backend: Backend,
    ec: Value,
    rsa: Value,
    session: Value,
}

impl Target {
    async fn start() -> Self {
        let ec = generate_key(KeyAlgorithm::Es256).unwrap();
        let rsa = generate_key(KeyAlgorithm::Rs256).unwrap();
        let mut verify_only = rsa.clone();
        verify_only["key_ops"] = json!(["verify"]);
        let keys = json!([ec, verify_only]);
        let backend = Backend::start(&format!("[auth]\njwt_keys = '{keys}'\n")).await;
        let statement = "create function public.whoami() returns json language sql as $$ \
            select json_build_object('role', current_user, 'claims', auth.jwt()) $$";
        backend.sql().execute(statement, &[]).await.unwrap();
        let account = json!({ "email": "ann@example.com", "password": "correct horse 1" });
        let session = backend
            .send(Method::POST, "/auth/v1/signup", None, Some(&account))
            .await
            .json;
        let target = Self {
            backend,
            ec,
            rsa,
            session,
        };
        for _ in 0..100 {
            if target.whoami(None).await.status == 200 {
                return target;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the function does not show");
    }

    fn token(&self) -> &str {
        self.session["access_token"].as_str().unwrap()
    }

    fn claims(&self) -> Value {
        let part = self.token().split('.').nth(1).unwrap();
        serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
    }

    async fn user(&self, token: &str) -> Answer {
        self.backend
            .send(Method::GET, "/auth/v1/user", Some(token), None)
            .await
    }

    async fn whoami(&self, token: Option<&str>) -> Answer {
        let path = "/rest/v1/rpc/whoami";
        self.backend
            .send(Method::POST, path, token, Some(&json!({})))
            .await
    }

    /// Neither service takes the token for anything.
    async fn refuses(&self, name: &str, token: &str) {
        let user = self.user(token).await;
        let verdict = (user.status, user.json["error_code"].as_str());
        assert!(
            matches!(verdict, (403, Some("bad_jwt")) | (401, Some("no_authorization"))),
            "{name}: {}",
            user.text
        );
        let rows = self.whoami(Some(token)).await;
        assert_eq!(rows.status, 401, "{name}: {}", rows.text);
        assert!(rows.json["message"].is_string(), "{name}: {}", rows.text);
    }

    /// Signs with the key that signs, whatever the claims.
    fn signed(&self, claims: &Value) -> String {
        signer(self.ec.clone()).sign(claims).unwrap()
    }
}

/// A token of these texts, its signature made by `sign`.
fn made(header: &str, claims: &str, sign: impl FnOnce(&str) -> Vec<u8>) -> String {
    let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = BASE64URL_NOPAD.encode(&sign(&message));
    format!("{message}.{signature}")
}

fn with_secret(secret: &[u8]) -> impl FnOnce(&str) -> Vec<u8> + '_ {
    |message| hmac_sha256(secret, &[message.as_bytes()]).to_vec()
}

/// Keys come from configuration: neither a name nor anything else in a token's header leads to another.
#[tokio::test(flavor = "multi_thread")]
async fn a_header_brings_no_key_along() {
    let target = Target::start().await;
    let claims = target.claims();
    let asked = Arc::new(AtomicUsize::new(0));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/keys", listener.local_addr().unwrap());
    let count = Arc::clone(&asked);
    let router = axum::Router::new().fallback(move || {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::ready("{}")
    });
    tokio::spawn(async move { axum::serve(listener, router).await });

    let own = generate_key(KeyAlgorithm::Es256).unwrap();
    let attacker = signer(own.clone());
    let public: Value = serde_json::from_str(&attacker.jwks_json()).unwrap();
    // The attacker's signature over a header of their choice: taken from their own signer by trying its header.
    let sign = |header: &Value| {
        let mut jwk = own.clone();
        jwk["kid"] = header["kid"].clone();
        let text = signer(jwk).sign(&claims).unwrap();
        let signature = text.rsplit('.').next().unwrap().as_bytes().to_vec();
        made(&header.to_string(), &claims.to_string(), |_| {
            BASE64URL_NOPAD.decode(&signature).unwrap()
        })
    };
    let kid = &target.ec["kid"];
    for (name, header) in [
        (
            "jwk",
            json!({"alg": "ES256", "kid": kid, "jwk": public["keys"][0]}),
        ),
        (
            "jwk without kid",
            json!({"alg": "ES256", "jwk": public["keys"][0]}),
        ),
        ("jku", json!({"alg": "ES256", "kid": "x", "jku": address})),
        ("x5u", json!({"alg": "ES256", "kid": kid, "x5u": address})),
        ("x5c", json!({"alg": "ES256", "kid": kid, "x5c": ["MIIB"]})),
        ("kid is an address", json!({"alg": "ES256", "kid": address})),
    ] {
        target.refuses(name, &sign(&header)).await;
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0, "nobody was asked for keys");

    let long = "k".repeat(8000);
    for kid in [
        json!("../../../../dev/null"),
        json!("/proc/self/environ"),
        json!("' or 1=1 --"),
        json!("x' union select 'secret' --"),
        json!("$(id)"),
        json!("\u{0}"),
        json!(long),
        json!(""),
        json!(0),
        json!(["a"]),
        json!({"a": 1}),
        json!(true),
    ] {
        for secret in [&b""[..], b"\0", b"secret", b"null", b"/dev/null"] {
            let header = json!({"alg": "HS256", "kid": kid, "typ": "JWT"}).to_string();
            let token = made(&header, &claims.to_string(), with_secret(secret));
            target
                .refuses(&format!("kid {:.40}", kid.to_string()), &token)
                .await;
        }
    }
    // What must be understood and is not: a signature over something else than it seems (RFC 7797), or unknown rules.
    let secret = target.backend.endpoints().jwt_secret.clone();
    for extension in [
        json!({"alg": "HS256", "b64": false, "crit": ["b64"]}),
        json!({"alg": "HS256", "b64": false}),
        json!({"alg": "HS256", "crit": ["exp"]}),
        json!({"alg": "HS256", "crit": []}),
        json!({"alg": "HS256", "crit": ["http://example.com/unknown"], "http://example.com/unknown": 1}),
    ] {
        let text = extension.to_string();
        let token = made(&text, &claims.to_string(), with_secret(secret.as_bytes()));
        target.refuses(&text, &token).await;
    }
    // The same signature without them is right.
    let plain = made(
        r#"{"alg":"HS256"}"#,
        &claims.to_string(),
        with_secret(secret.as_bytes()),
    );
    assert_eq!(target.user(&plain).await.status, 200);
    target.backend.stop().await;
}
