//! Single sign-on with identity providers that these tests are themselves: both flows, the administrators' half, and the
//! attacks that only show over HTTP.

use std::collections::HashMap;

use axum::http::Method;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use ferrobase_jwt::sha256;
use ferrobase_testkit::{Answer, Backend};
use serde_json::{Value, json};

mod admin;
mod attacks;
mod certificate;
mod flows;
mod metadata;
mod provider;

pub(crate) use provider::new_key;
use provider::{Claim, IdentityProvider, Request};

const SITE: &str = "http://127.0.0.1:3000";
const APP: &str = "http://127.0.0.1:3000/welcome";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const ACS: &str = "/auth/v1/sso/saml/acs";
const PROVIDERS: &str = "/auth/v1/admin/sso/providers";

/// A backend that knows one of two providers.
struct World {
    backend: Backend,
    acme: IdentityProvider,
    other: IdentityProvider,
    /// Id of the connection to Acme.
    id: String,
}

impl World {
    async fn start(settings: &str) -> Self {
        let config = format!(
            "[auth]\nsite_url = \"{SITE}\"\n{settings}\n[auth.saml]\nenabled = true\nprivate_key = \"{}\"\n",
            new_key().1
        );
        let mut world = Self {
            backend: Backend::start(&config).await,
            acme: IdentityProvider::new("https://idp.acme.example"),
            other: IdentityProvider::new("https://idp.other.example"),
            id: String::new(),
        };
        let created = world.connect(&world.acme, "acme.example").await;
        created["id"].as_str().unwrap().clone_into(&mut world.id);
        world
    }

    async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let key = self.backend.endpoints().service_role_key.clone();
        self.backend.send(method, path, Some(&key), body.as_ref()).await
    }

    async fn connect(&self, provider: &IdentityProvider, domain: &str) -> Value {
        let body = json!({"type": "saml", "metadata_xml": provider.metadata(), "domains": [domain]});
        let answer = self.admin(Method::POST, PROVIDERS, Some(body)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json
    }

    fn claim(&self, name: &str, answers: Option<&str>) -> Claim {
        Claim {
            id: format!("_{name}-{}", answers.unwrap_or("unasked")),
            issuer: self.acme.entity_id.clone(),
            name: name.to_owned(),
            email: format!("{name}@acme.example"),
            answers: answers.map(str::to_owned),
            audience: format!("{}/auth/v1", self.backend.endpoints().api_url),
            session: 3600,
        }
    }

    async fn sso(&self, body: Value) -> Answer {
        self.backend
            .send(Method::POST, "/auth/v1/sso", None, Some(&body))
            .await
    }

    /// Begins with Acme; `more` goes into the body.
    async fn begin(&self, more: Value) -> Request {
        let mut body = json!({"domain": "ACME.example", "redirect_to": APP, "skip_http_redirect": true});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let answer = self.sso(body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        self.acme.request(answer.json["url"].as_str().unwrap())
    }

    /// What the browser posts, without a key or a token.
    async fn post(&self, response: &str, relay_state: &str) -> Answer {
        let fields = [
            ("SAMLResponse", BASE64.encode(response.as_bytes())),
            ("RelayState", relay_state.to_owned()),
        ];
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let kind = (
            "content-type".to_owned(),
            "application/x-www-form-urlencoded".to_owned(),
        );
        self.backend
            .raw(Method::POST, ACS, vec![kind], form.into_bytes())
            .await
    }

    /// Acme's honest answer.
    fn answer(&self, claim: &Claim) -> String {
        IdentityProvider::response(claim, &self.acme.sign(claim))
    }

    /// From the app to Acme and back, without PKCE.
    async fn sign_in(&self, name: &str) -> HashMap<String, String> {
        let request = self.begin(json!({})).await;
        let claim = self.claim(name, Some(&request.id));
        fragment(&self.post(&self.answer(&claim), &request.relay_state).await)
    }

    async fn user(&self, token: &str) -> Value {
        let answer = self
            .backend
            .send(Method::GET, "/auth/v1/user", Some(token), None)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json
    }

    async fn token(&self, grant: &str, body: Value) -> Answer {
        let path = format!("/auth/v1/token?grant_type={grant}");
        self.backend.send(Method::POST, &path, None, Some(&body)).await
    }

    async fn count(&self, sql: &'static str) -> i64 {
        use ferrobase_db::Executor;
        let row = self.backend.sql().query_one(sql, &[]).await.unwrap();
        row.try_get(0).unwrap()
    }

    /// The post is refused, in the query of the site's address, and leaves nobody behind.
    async fn assert_refused(&self, response: &str, relay_state: &str, code: &str) {
        let answer = self.post(response, relay_state).await;
        assert_eq!(error_code(&answer), code, "{}", location(&answer));
        assert_eq!(self.count("select count(*) from auth.sessions").await, 0);
    }
}

fn location(answer: &Answer) -> String {
    let location = answer
        .headers
        .get("location")
        .unwrap_or_else(|| panic!("{}", answer.text));
    location.to_str().unwrap().to_owned()
}

fn pairs(encoded: &str) -> HashMap<String, String> {
    url::form_urlencoded::parse(encoded.as_bytes())
        .into_owned()
        .collect()
}

/// The fragment of a redirect back to the app.
fn fragment(answer: &Answer) -> HashMap<String, String> {
    assert_eq!(answer.status, 302, "{:?} {}", answer.headers, answer.text);
    let location = location(answer);
    assert!(location.starts_with(APP), "{location}");
    pairs(location.split_once('#').map_or("", |(_, fragment)| fragment))
}

/// The code of a refusal, which always goes to the site.
fn error_code(answer: &Answer) -> String {
    let location = location(answer);
    assert_eq!(answer.status, 303, "{location}");
    let query = location
        .strip_prefix(&format!("{SITE}?"))
        .unwrap_or_else(|| panic!("{location}"));
    assert!(!location.contains("access_token"));
    pairs(query)["error_code"].clone()
}

fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap()
}

fn challenge() -> Value {
    json!({"code_challenge": BASE64URL_NOPAD.encode(&sha256(VERIFIER.as_bytes())), "code_challenge_method": "s256"})
}
