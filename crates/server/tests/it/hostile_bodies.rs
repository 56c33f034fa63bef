//! Bodies and queries that no client sends: refused within bounds, by every endpoint, without a word about what is inside.

use std::time::{Duration, Instant};

use axum::http::Method;
use ferrobase_testkit::{Answer, Backend};
use serde_json::{Value, json};

use crate::saml::new_key;

/// Longest time for one answer. Debug builds hash slowly, and two cores do everything else as well.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who asks.
#[derive(Clone, Copy, PartialEq)]
enum As {
    Nobody,
    User,
    Owner,
}

/// Everything that reads a body as JSON.
fn endpoints() -> Vec<(Method, String, As)> {
    let id = "6f9c2f64-0000-4000-8000-000000000000";
    let mut all = vec![];
    for path in [
        "signup",
        "token?grant_type=password",
        "token?grant_type=refresh_token",
        "token?grant_type=pkce",
        "token?grant_type=id_token",
        "token?grant_type=web3",
        "token?grant_type=",
        "otp",
        "magiclink",
        "recover",
        "resend",
        "verify",
        "sso",
    ] {
        all.push((Method::POST, path.to_owned(), As::Nobody));
    }
    all.push((Method::PUT, "user".to_owned(), As::User));
    for path in [
        "factors".to_owned(),
        format!("factors/{id}/challenge"),
        format!("factors/{id}/verify"),
        "factors/recovery-codes/verify".to_owned(),
    ] {
        all.push((Method::POST, path, As::User));
    }
    for (method, path) in [
        (Method::POST, "admin/users".to_owned()),
        (Method::PUT, format!("admin/users/{id}")),
        (Method::DELETE, format!("admin/users/{id}")),
        (Method::PUT, format!("admin/users/{id}/factors/{id}")),
        (Method::POST, "admin/generate_link".to_owned()),
        (Method::POST, "invite".to_owned()),
        (Method::POST, "admin/sso/providers".to_owned()),
    ] {
        all.push((method, path, As::Owner));
    }
    all
}

struct Target {
    backend: Backend,
    user: String,
}

impl Target {
    async fn start() -> Self {
        let saml = format!("[auth.saml]\nenabled = true\nprivate_key = \"{}\"\n", new_key().1);
        let settings = "[auth]\nenable_manual_linking = true\n[auth.mfa.totp]\nenroll_enabled = true\nverify_enabled = true\n\
             [auth.email]\nmax_frequency = \"1ms\"\n[auth.sms]\nenabled = true\nmax_frequency = \"1ms\"\n";
        let backend = Backend::start(&format!("{settings}{saml}")).await;
        let account = json!({ "email": "ann@example.com", "password": "correct horse 1" });
        let welcome = backend
            .send(Method::POST, "/auth/v1/signup", None, Some(&account))
            .await;
        let user = welcome.json["access_token"].as_str().unwrap().to_owned();
        Self { backend, user }
    }

    async fn send(&self, (method, path, who): &(Method, String, As), body: Vec<u8>) -> Answer {
        let mut headers = vec![("apikey".to_owned(), self.backend.endpoints().anon_key.clone())];
        let token = match who {
            As::Nobody => None,
            As::User => Some(&self.user),
            As::Owner => Some(&self.backend.endpoints().service_role_key),
        };
        if let Some(token) = token {
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        let started = Instant::now();
        // A user's metadata comes back, in the user and in the identity.
        let most = 32 * 1024 + 3 * body.len();
        let path = format!("/auth/v1/{path}");
        let answer = self.backend.raw(method.clone(), &path, headers, body).await;
        assert!(started.elapsed() < PATIENCE, "{path}: {:?}", started.elapsed());
        assert!(answer.status < 500, "{path}: {} {}", answer.status, answer.text);
        assert!(
            answer.text.len() < most,
            "{path} answers with {} bytes",
            answer.text.len()
        );
        answer
    }

    async fn is_well(&self) {
        let answer = self
            .backend
            .send(Method::GET, "/auth/v1/user", Some(&self.user), None)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

/// The limit of 1 MiB is one of bytes read, not of bytes announced.
#[tokio::test(flavor = "multi_thread")]
async fn oversized_bodies_are_refused() {
    let target = Target::start().await;
    for endpoint in endpoints() {
        let body = format!("{{\"email\":\"{}\"}}", "a".repeat(1 << 20));
        let answer = target.send(&endpoint, body.into_bytes()).await;
        let verdict = (answer.status, answer.json["error_code"].as_str());
        // An endpoint may refuse the request before it reads what came with it.
        let refused_before = (400..500).contains(&answer.status) && answer.status != 413;
        assert!(
            verdict == (413, Some("request_entity_too_large")) || refused_before,
            "{} {}",
            endpoint.1,
            answer.text
        );
    }
    let signup = (Method::POST, "signup".to_owned(), As::Nobody);
    let answer = target.send(&signup, vec![b' '; 8 << 20]).await;
    assert_eq!(answer.status, 413);
    target.is_well().await;
    target.backend.stop().await;
}

/// Nesting is refused at a fixed depth, wherever it is: no stack of ours grows with what is sent.
#[tokio::test(flavor = "multi_thread")]
async fn deep_bodies_are_refused() {
    let target = Target::start().await;
    let depth = 100_000;
    let (open, close) = ("[".repeat(depth), "]".repeat(depth));
    let objects = "{\"a\":".repeat(depth);
    for endpoint in endpoints() {
        for body in [
            format!("{open}{close}"),
            open.clone(),
            format!("{{\"data\":{open}{close}}}"),
            format!("{{\"email\":{open}{close}}}"),
        ] {
            let answer = target.send(&endpoint, body.into_bytes()).await;
            assert!(
                (400..500).contains(&answer.status),
                "{}: {}",
                endpoint.1,
                answer.text
            );
        }
        // Fields that nobody knows are passed over, however deep.
        for name in ["unknown", "user_metadata"] {
            let body = format!("{{\"{name}\":{open}{close},\"email\":\"a@example.com\"}}");
            target.send(&endpoint, body.into_bytes()).await;
        }
        let body = format!("{objects}1{}", "}".repeat(depth));
        target.send(&endpoint, body.into_bytes()).await;
    }
    target.is_well().await;
    target.backend.stop().await;
}

/// Bodies that are no JSON object, and values that are no text which a database could keep.
fn odd_bodies() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        "",
        " ",
        "null",
        "true",
        "0",
        "[]",
        "\"x\"",
        "{",
        "}",
        "{]",
        "{\"a\"}",
        "{}{}",
        "{'email':'a'}",
        "nul",
        "\u{feff}{}",
        "{\"email\":1e999}",
        "{\"email\":-}",
        "{\"email\":\"\\ud800@example.com\"}",
        "{\"email\":\"\\udfff\"}",
        "{\"email\":\"\\ud800\\ud800\"}",
        "{\"email\":\"\\u00\"}",
        "{\"email\":\"a\tb\"}",
        "{\"password\":\"\\ud83d\"}",
        "{\"data\":{\"a\":\"\\udc00\"}}",
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    for bytes in [
        &b"\xff"[..],
        b"\x00",
        b"{\"email\":\"\xff\xfe\"}",
        b"{\"email\":\"\xed\xa0\x80\"}",
        b"{\"email\":\"\xc0\x80\"}",
    ] {
        bodies.push(bytes.to_vec());
    }
    bodies
}

/// What a field holds that should hold something else.
fn odd_values() -> Vec<Value> {
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!([]),
        json!({}),
        json!(["a@example.com"]),
        json!({"$ne": null}),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("a\u{0}@example.com"),
        json!("a@example.com\u{0}"),
        json!("a@example.com\r\nBcc: b@example.com"),
        json!("' or 1=1 --"),
        json!("\u{202e}moc.elpmaxe@a"),
        json!("a".repeat(100_000)),
        json!(format!("{}@example.com", "a".repeat(70_000))),
        json!({"a": "\u{0}", "\u{0}": 1}),
        json!({"a": {"b": ["\u{0}"]}}),
        deep,
    ]
}

/// The fields that an endpoint reads.
fn fields(path: &str, who: As) -> &'static [&'static str] {
    const GRANT: &[&str] = &[
        "email",
        "phone",
        "password",
        "refresh_token",
        "auth_code",
        "code_verifier",
        "id_token",
        "provider",
        "nonce",
        "access_token",
        "gotrue_meta_security",
    ];
    const ADDRESS: &[&str] = &[
        "email",
        "phone",
        "password",
        "data",
        "channel",
        "code_challenge",
        "code_challenge_method",
        "type",
        "token",
        "token_hash",
        "create_user",
        "gotrue_meta_security",
    ];
    const USER: &[&str] = &[
        "email",
        "phone",
        "password",
        "current_password",
        "nonce",
        "data",
        "app_metadata",
        "channel",
        "code_challenge",
    ];
    const FACTOR: &[&str] = &[
        "factor_type",
        "friendly_name",
        "issuer",
        "phone",
        "code",
        "challenge_id",
        "channel",
        "web_authn",
    ];
    const OWNER: &[&str] = &[
        "id",
        "aud",
        "role",
        "email",
        "phone",
        "password",
        "password_hash",
        "data",
        "user_metadata",
        "app_metadata",
        "ban_duration",
        "email_confirm",
        "type",
        "new_email",
        "redirect_to",
        "friendly_name",
        "should_soft_delete",
    ];
    match who {
        As::Owner => OWNER,
        As::User if path.starts_with("user") => USER,
        As::User => FACTOR,
        As::Nobody if path.starts_with("token") => GRANT,
        As::Nobody => ADDRESS,
    }
}

/// Wrong types, twice the same name, NUL characters, halves of characters.
#[tokio::test(flavor = "multi_thread")]
async fn odd_bodies_get_an_answer() {
    let target = Target::start().await;
    for endpoint in endpoints() {
        for body in odd_bodies() {
            target.send(&endpoint, body).await;
        }
        target
            .send(
                &endpoint,
                br#"{"email":"a@example.com","email":"b@example.com"}"#.to_vec(),
            )
            .await;
    }
    target.is_well().await;
    target.backend.stop().await;
}

/// Every field with every odd value, beside fields that are right.
#[tokio::test(flavor = "multi_thread")]
async fn odd_values_get_an_answer() {
    let target = Target::start().await;
    for endpoint in endpoints() {
        for &field in fields(&endpoint.1, endpoint.2) {
            for value in odd_values() {
                let mut body = json!({
                    "email": "b@example.com", "type": "signup", "token": "123456", "factor_type": "totp",
                });
                body[field] = value;
                target.send(&endpoint, body.to_string().into_bytes()).await;
            }
        }
    }
    target.is_well().await;
    target.backend.stop().await;
}

/// The same in queries, where browsers come by links.
#[tokio::test(flavor = "multi_thread")]
async fn odd_queries_get_an_answer() {
    let target = Target::start().await;
    let values = [
        "%00",
        "%ff",
        "%ed%a0%80",
        "%",
        "%zz",
        "a%00b",
        "%0d%0aa:b",
        "'",
        "%22",
        "%5c",
        "%F0%9F%98%80",
    ];
    for (path, names, who) in [
        (
            "verify",
            &["token", "type", "redirect_to", "email"][..],
            As::Nobody,
        ),
        (
            "authorize",
            &[
                "provider",
                "redirect_to",
                "scopes",
                "invite_token",
                "code_challenge",
            ],
            As::Nobody,
        ),
        (
            "callback",
            &["state", "code", "error", "error_description", "oauth_token"],
            As::Nobody,
        ),
        ("admin/users", &["page", "per_page", "filter", "sort"], As::Owner),
        ("admin/audit", &["page", "query"], As::Owner),
        (
            "user/identities/authorize",
            &["provider", "redirect_to", "skip_http_redirect"],
            As::User,
        ),
        ("logout", &["scope"], As::Nobody),
    ] {
        for name in names {
            for value in values {
                for query in [
                    format!("{name}={value}"),
                    format!("type=signup&token=x&{name}=author:{value}"),
                ] {
                    let endpoint = (Method::GET, format!("{path}?{query}"), who);
                    let answer = target.send(&endpoint, Vec::new()).await;
                    let location = answer
                        .headers
                        .get("location")
                        .map(|value| value.to_str().unwrap());
                    let is_plain = location.is_none_or(|to| {
                        to.starts_with("http://127.0.0.1:3000") && !to.contains("server_error")
                    });
                    assert!(is_plain, "{path} {query}: {location:?}");
                }
            }
        }
    }
    target.is_well().await;
    target.backend.stop().await;
}
