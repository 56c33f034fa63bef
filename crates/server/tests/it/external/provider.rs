//! Two providers on loopback: one shaped like GitHub, one that speaks OpenID Connect. They check what a real one would:
//! client, redirect address, PKCE, and that a code is used once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use ferrobase_jwt::{Clock, KeySet, TokenKeys, sha256};
use serde_json::{Value, json};
use url::Url;

/// Keys of RFC 8032's tests 1 and 2: the provider's, and somebody else's.
const KEY: (&str, &str) = (
    "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
);
const STRANGE_KEY: (&str, &str) = (
    "TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs",
    "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw",
);

/// Somebody with an account at a provider.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// Number of the account.
    pub(super) id: u64,
    /// Address.
    pub(super) email: String,
    /// The provider vouches for it.
    pub(super) verified: bool,
}

pub(super) fn person(id: u64, email: &str, verified: bool) -> Person {
    Person {
        id,
        email: email.to_owned(),
        verified,
    }
}

/// What a code is worth.
struct Grant {
    person: Person,
    client_id: String,
    redirect_uri: String,
    challenge: String,
}

/// A running provider.
#[derive(Clone)]
pub(super) struct Provider {
    /// Its address, which is also its issuer.
    pub(super) base: String,
    codes: Arc<Mutex<HashMap<String, Grant>>>,
    tokens: Arc<Mutex<HashMap<String, Person>>>,
    /// Callbacks of Twitter's request tokens.
    callbacks: Arc<Mutex<Vec<String>>>,
    keys: TokenKeys,
    strange_keys: TokenKeys,
}

fn keys((d, x): (&str, &str)) -> TokenKeys {
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k1", "key_ops": ["sign"], "d": d, "x": x});
    let set = KeySet {
        secret: "a secret of at least thirty-two bytes".into(),
        jwks: vec![jwk],
        sign_with_secret: false,
    };
    TokenKeys::new(&set, Clock::System).unwrap()
}

impl Provider {
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self {
            base: format!("http://{}", listener.local_addr().unwrap()),
            codes: Arc::default(),
            tokens: Arc::default(),
            callbacks: Arc::default(),
            keys: keys(KEY),
            strange_keys: keys(STRANGE_KEY),
        };
        let router = axum::Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/auth/token", post(token))
            .route("/userinfo", get(user_info))
            .route("/oauth/request_token", post(request_token))
            .route("/oauth/access_token", post(twitter_access))
            .route("/1.1/account/verify_credentials.json", get(twitter_user))
            .route("/login/oauth/access_token", post(token))
            .route("/api/v3/user", get(user))
            .route("/api/v3/user/emails", get(emails))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// The person agrees on the page that `location` leads to. The code and the state that the browser takes back.
    pub(super) fn agree(&self, person: &Person, location: &str) -> (String, String) {
        let url: Url = location.parse().unwrap();
        assert!(location.starts_with(&self.base), "{location}");
        let value = |name: &str| {
            let mut pairs = url.query_pairs();
            pairs
                .find(|(key, _)| key == name)
                .map_or(String::new(), |(_, value)| value.into_owned())
        };
        let is_apple = url.path() == "/auth/authorize";
        assert!(is_apple || value("code_challenge_method") == "S256", "{location}");
        let code = format!("code-{}-{}", person.id, self.codes.lock().unwrap().len());
        let grant = Grant {
            person: person.clone(),
            client_id: value("client_id"),
            redirect_uri: value("redirect_uri"),
            challenge: value("code_challenge"),
        };
        self.codes.lock().unwrap().insert(code.clone(), grant);
        (code, value("state"))
    }

    /// Where Twitter would send the browser of the newest request token.
    pub(super) fn twitter_callback(&self) -> String {
        self.callbacks.lock().unwrap().last().unwrap().clone()
    }

    /// An ID token with these claims over the usual ones.
    pub(super) fn id_token(&self, person: &Person, changes: &Value) -> String {
        self.keys.sign(&self.claims(person, changes)).unwrap()
    }

    /// The same, signed by somebody else under the same key id.
    pub(super) fn forged_id_token(&self, person: &Person, changes: &Value) -> String {
        self.strange_keys.sign(&self.claims(person, changes)).unwrap()
    }

    /// The same, signed with the public key as a shared secret.
    pub(super) fn confused_id_token(&self, person: &Person) -> String {
        let set = KeySet {
            secret: self.keys.jwks_json().to_string().into(),
            jwks: Vec::new(),
            sign_with_secret: true,
        };
        let keys = TokenKeys::new(&set, Clock::System).unwrap();
        keys.sign_hs256(&self.claims(person, &json!({}))).unwrap()
    }

    fn claims(&self, person: &Person, changes: &Value) -> Value {
        let mut claims = json!({
            "iss": self.base, "sub": person.id.to_string(), "aud": "oidc-client", "exp": Clock::System.unix() + 600,
            "iat": Clock::System.unix(), "email": person.email, "email_verified": person.verified, "name": "Ada",
        });
        for (name, value) in changes.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        claims
    }

    fn person_of(&self, headers: &HeaderMap) -> Option<Person> {
        let token = headers
            .get("authorization")?
            .to_str()
            .ok()?
            .strip_prefix("Bearer ")?;
        self.tokens.lock().unwrap().get(token).cloned()
    }
}

async fn discovery(State(provider): State<Provider>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", provider.base);
    Json(json!({
        "issuer": provider.base, "jwks_uri": at("/jwks"), "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"), "userinfo_endpoint": at("/userinfo"),
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
    }))
}

async fn jwks(State(provider): State<Provider>) -> String {
    provider.keys.jwks_json().to_string()
}

/// Client and secret of an `Authorization` header (RFC 6749 §2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers
        .get("authorization")?
        .to_str()
        .ok()?
        .strip_prefix("Basic ")?;
    let text = String::from_utf8(BASE64.decode(encoded.as_bytes()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.replace('+', " ").replace("%20", " ")))
}

async fn token(State(provider): State<Provider>, headers: HeaderMap, body: String) -> Response {
    let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    let value = |name: &str| form.get(name).map_or("", String::as_str);
    let refused = || (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    let in_form = (value("client_id").to_owned(), value("client_secret").to_owned());
    let (client_id, secret) = basic(&headers).unwrap_or(in_form);
    // Who is not known does not use a code up.
    if secret != "client secret" {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_client"}))).into_response();
    }
    let Some(grant) = provider.codes.lock().unwrap().remove(value("code")) else {
        return refused();
    };
    let challenge = BASE64URL_NOPAD.encode(&sha256(value("code_verifier").as_bytes()));
    let is_right = client_id == grant.client_id
        && value("redirect_uri") == grant.redirect_uri
        && value("grant_type") == "authorization_code"
        && (grant.challenge.is_empty() || challenge == grant.challenge);
    if !is_right {
        return refused();
    }
    let access = format!("access-{}", grant.person.id);
    provider
        .tokens
        .lock()
        .unwrap()
        .insert(access.clone(), grant.person.clone());
    let mut answer =
        json!({"access_token": access, "token_type": "bearer", "refresh_token": "provider-refresh"});
    if grant.client_id == "oidc-client" {
        answer["id_token"] = json!(provider.id_token(&grant.person, &json!({})));
    }
    Json(answer).into_response()
}

async fn user(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    match provider.person_of(&headers) {
        Some(person) => Json(json!({"id": person.id, "login": "ada", "name": "Ada"})).into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn user_info(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    match provider.person_of(&headers) {
        Some(person) => Json(json!({
            "account": {"number": person.id}, "mail": person.email, "confirmed": person.verified, "groups": ["staff"],
        }))
        .into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn emails(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    match provider.person_of(&headers) {
        Some(person) => {
            let email = json!({"email": person.email, "primary": true, "verified": person.verified});
            Json(json!([email])).into_response()
        }
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// A value of the OAuth 1.0a `Authorization` header.
fn signed(headers: &HeaderMap, name: &str) -> String {
    let header = headers["authorization"].to_str().unwrap();
    assert!(
        header.starts_with("OAuth ") && header.contains("oauth_signature=\""),
        "{header}"
    );
    let start = header.split_once(&format!("{name}=\"")).unwrap().1;
    let raw = start.split('"').next().unwrap().replace('+', "%2B");
    let decoded = url::form_urlencoded::parse(raw.as_bytes()).next();
    decoded.map_or(String::new(), |(text, _)| text.into_owned())
}

async fn request_token(State(provider): State<Provider>, headers: HeaderMap) -> String {
    let mut callbacks = provider.callbacks.lock().unwrap();
    let start = headers["authorization"]
        .to_str()
        .unwrap()
        .split_once("oauth_callback=\"")
        .unwrap()
        .1;
    let raw = start.split('"').next().unwrap();
    callbacks.push(
        raw.replace("%3A", ":")
            .replace("%2F", "/")
            .replace("%3F", "?")
            .replace("%3D", "="),
    );
    format!(
        "oauth_token=request-{}&oauth_token_secret=s&oauth_callback_confirmed=true",
        callbacks.len()
    )
}

async fn twitter_access(headers: HeaderMap) -> Response {
    if signed(&headers, "oauth_verifier") != "yes" || !signed(&headers, "oauth_token").starts_with("request-")
    {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    "oauth_token=tw-access&oauth_token_secret=t&user_id=7".into_response()
}

async fn twitter_user(headers: HeaderMap) -> Response {
    if signed(&headers, "oauth_token") != "tw-access" {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(json!({"id_str": "7", "name": "Ada", "screen_name": "ada", "email": "ada@example.com"}))
        .into_response()
}
