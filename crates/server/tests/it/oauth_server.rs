//! Third-party apps with access to accounts of the project: the OAuth 2.1 server, and the attacks on it.

use std::collections::HashMap;

use axum::http::Method;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use ferrobase_jwt::sha256;
use ferrobase_testkit::{Answer, Backend};
use serde_json::{Value, json};

mod attacks;
mod clients;
mod flow;
mod grants;
mod requests;

const PASSWORD: &str = "correct horse 1";
const CALLBACK: &str = "https://client.example/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const ENABLED: &str = "[auth]\nsite_url = \"http://127.0.0.1:3000\"\n\
     [auth.oauth_server]\nenabled = true\nauthorization_url_path = \"/consent\"\n";

/// A backend whose OAuth server is on.
struct World {
    backend: Backend,
}

/// A registered client.
#[derive(Clone)]
struct Client {
    id: String,
    secret: String,
    method: String,
}

impl World {
    async fn start(more: &str) -> Self {
        Self {
            backend: Backend::start(&format!("{ENABLED}{more}")).await,
        }
    }

    async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let key = self.backend.endpoints().service_role_key.clone();
        let path = format!("/auth/v1/admin/oauth/clients{path}");
        self.backend.send(method, &path, Some(&key), body.as_ref()).await
    }

    /// Registers a client that authenticates in this way.
    async fn client(&self, method: &str) -> Client {
        let body = json!({
            "client_name": "Example", "redirect_uris": [CALLBACK, "http://127.0.0.1:9/cb?kept=1"],
            "token_endpoint_auth_method": method,
        });
        let answer = self.admin(Method::POST, "", Some(body)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let text = |name: &str| answer.json[name].as_str().unwrap_or_default().to_owned();
        Client {
            id: text("client_id"),
            secret: text("client_secret"),
            method: method.to_owned(),
        }
    }

    /// A session of a new user.
    async fn user(&self, name: &str) -> Value {
        let key = self.backend.endpoints().service_role_key.clone();
        let email = format!("{name}@example.com");
        let body = json!({
            "email": email, "password": PASSWORD, "email_confirm": true,
            "user_metadata": {"name": name, "avatar_url": "https://pictures.example/1"},
        });
        let created = self
            .backend
            .send(Method::POST, "/auth/v1/admin/users", Some(&key), Some(&body))
            .await;
        assert_eq!(created.status, 200, "{}", created.text);
        self.sign_in(name).await
    }

    async fn sign_in(&self, name: &str) -> Value {
        let body = json!({"email": format!("{name}@example.com"), "password": PASSWORD});
        let path = "/auth/v1/token?grant_type=password";
        let session = self.backend.send(Method::POST, path, None, Some(&body)).await;
        assert_eq!(session.status, 200, "{}", session.text);
        session.json
    }

    /// A browser's request: no key, no token.
    async fn browse(&self, path: &str) -> Answer {
        self.backend.raw(Method::GET, path, Vec::new(), Vec::new()).await
    }

    /// `GET /oauth/authorize` with the usual parameters, changed by `changes`; an empty value leaves one out.
    async fn authorize(&self, client: &Client, changes: &[(&str, &str)]) -> Answer {
        let challenge = challenge();
        let mut given: Vec<(&str, &str)> = vec![
            ("client_id", &client.id),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("state", "a mark"),
            ("scope", "email"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            given.retain(|(other, _)| other != name);
            if !value.is_empty() {
                given.push((name, value));
            }
        }
        self.browse(&format!("/auth/v1/oauth/authorize?{}", form(&given)))
            .await
    }

    /// A request that waits on the consent page: its name.
    async fn request(&self, client: &Client, changes: &[(&str, &str)]) -> String {
        let page = location(&self.authorize(client, changes).await);
        let name = page.strip_prefix("http://127.0.0.1:3000/consent?authorization_id=");
        name.unwrap_or_else(|| panic!("{page}")).to_owned()
    }

    async fn details(&self, session: &Value, name: &str) -> Answer {
        self.as_user(
            Method::GET,
            session,
            &format!("/oauth/authorizations/{name}"),
            None,
        )
        .await
    }

    async fn decide(&self, session: &Value, name: &str, action: &str) -> Answer {
        let path = format!("/oauth/authorizations/{name}/consent");
        self.as_user(Method::POST, session, &path, Some(json!({"action": action})))
            .await
    }

    /// From the client's request to its code.
    async fn code(&self, client: &Client, session: &Value, changes: &[(&str, &str)]) -> String {
        let name = self.request(client, changes).await;
        let details = self.details(session, &name).await;
        assert_eq!(details.status, 200, "{}", details.text);
        let redirect = if details.json["redirect_url"].is_string() {
            details
        } else {
            self.decide(session, &name, "approve").await
        };
        assert_eq!(redirect.status, 200, "{}", redirect.text);
        query(redirect.json["redirect_url"].as_str().unwrap())["code"].clone()
    }

    /// `POST /oauth/token` as a form, the client authenticating as it is registered.
    async fn token(&self, client: &Client, parameters: &[(&str, &str)]) -> Answer {
        let mut headers = vec![(
            "content-type".to_owned(),
            "application/x-www-form-urlencoded".to_owned(),
        )];
        let mut parameters = parameters.to_vec();
        match client.method.as_str() {
            "client_secret_basic" => headers.push(basic(&client.id, &client.secret)),
            "client_secret_post" => {
                parameters.push(("client_id", &client.id));
                parameters.push(("client_secret", &client.secret));
            }
            _ => parameters.push(("client_id", &client.id)),
        }
        self.backend
            .raw(
                Method::POST,
                "/auth/v1/oauth/token",
                headers,
                form(&parameters).into_bytes(),
            )
            .await
    }

    async fn exchange(&self, client: &Client, code: &str) -> Answer {
        self.token(client, &code_grant(code)).await
    }

    async fn refresh(&self, client: &Client, tokens: &Value) -> Answer {
        let token = tokens["refresh_token"].as_str().unwrap();
        self.token(
            client,
            &[("grant_type", "refresh_token"), ("refresh_token", token)],
        )
        .await
    }

    /// The tokens that a user grants a client.
    async fn tokens(&self, client: &Client, session: &Value, scope: &str) -> Value {
        let code = self.code(client, session, &[("scope", scope)]).await;
        let answer = self.exchange(client, &code).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json
    }

    /// A request with the access token of a session or of a client's tokens.
    async fn as_user(&self, method: Method, session: &Value, path: &str, body: Option<Value>) -> Answer {
        let token = session["access_token"].as_str().unwrap();
        self.backend
            .send(method, &format!("/auth/v1{path}"), Some(token), body.as_ref())
            .await
    }
}

fn code_grant(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

fn challenge() -> String {
    BASE64URL_NOPAD.encode(&sha256(VERIFIER.as_bytes()))
}

fn basic(id: &str, secret: &str) -> (String, String) {
    let credentials = BASE64.encode(format!("{id}:{secret}").as_bytes());
    ("authorization".to_owned(), format!("Basic {credentials}"))
}

fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 302, "{}", answer.text);
    let location = answer.headers.get("location").unwrap();
    location.to_str().unwrap().to_owned()
}

fn query(url: &str) -> HashMap<String, String> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn claims(token: &Value) -> Value {
    let part = token.as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

/// The OAuth error, which is always a 400.
fn oauth_error(answer: &Answer) -> &str {
    assert_eq!(answer.status, 400, "{}", answer.text);
    answer.json["error"]
        .as_str()
        .unwrap_or_else(|| panic!("{}", answer.text))
}

/// Status and error code.
fn refusal(answer: &Answer) -> (u16, &str) {
    let code = answer.json["error_code"].as_str();
    (answer.status, code.unwrap_or_else(|| panic!("{}", answer.text)))
}
