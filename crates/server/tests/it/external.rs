//! Sign-in with providers that these tests run themselves: both flows, ID tokens, linking, and the attacks on them.

use std::collections::HashMap;

use axum::http::Method;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ferrobase_jwt::sha256;
use ferrobase_testkit::{Answer, Backend};
use serde_json::{Value, json};

mod custom;
mod custom_admin;
mod domains;
mod linking;
mod provider;

use provider::{Person, Provider, person};

const PASSWORD: &str = "correct horse 1";
const APP: &str = "http://127.0.0.1:3000/welcome";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A backend that trusts two providers, and the providers.
struct World {
    backend: Backend,
    github: Provider,
    oidc: Provider,
}

impl World {
    async fn start(settings: &str) -> Self {
        let (github, oidc) = (Provider::start().await, Provider::start().await);
        let config = format!(
            "[auth]\nsite_url = \"http://127.0.0.1:3000\"\nenable_manual_linking = true\n{settings}\n\
             [auth.external.github]\nenabled = true\nclient_id = \"gh-client\"\nsecret = \"client secret\"\nurl = \"{}\"\n\
             [auth.external.google]\nenabled = true\nclient_id = \"oidc-client,oidc-app\"\nsecret = \"client secret\"\nurl = \"{}\"\n",
            github.base, oidc.base
        );
        Self {
            backend: Backend::start(&config).await,
            github,
            oidc,
        }
    }

    /// A browser's request: no key, no token.
    async fn browse(&self, path: &str) -> Answer {
        self.backend.raw(Method::GET, path, Vec::new(), Vec::new()).await
    }

    async fn authorize(&self, provider: &str, query: &str) -> String {
        let path = format!("/auth/v1/authorize?provider={provider}&redirect_to={APP}{query}");
        let answer = self.browse(&path).await;
        assert_eq!(answer.status, 302, "{}", answer.text);
        location(&answer)
    }

    async fn call_back(&self, code: &str, state: &str) -> Answer {
        self.browse(&format!("/auth/v1/callback?code={code}&state={state}"))
            .await
    }

    /// From the app to GitHub and back, without PKCE towards the app.
    async fn arrive(&self, person: &Person) -> Answer {
        let url = self.authorize("github", "").await;
        let (code, state) = self.github.agree(person, &url);
        self.call_back(&code, &state).await
    }

    async fn sign_in(&self, person: &Person) -> Value {
        let answer = self.arrive(person).await;
        let fragment = fragment(&answer);
        let token = fragment
            .get("access_token")
            .unwrap_or_else(|| panic!("{fragment:?}"));
        self.user(token).await
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

    async fn known_user(&self, email: &str) -> Value {
        let key = self.backend.endpoints().service_role_key.clone();
        let body = json!({"email": email, "password": PASSWORD, "email_confirm": true});
        let answer = self
            .backend
            .send(Method::POST, "/auth/v1/admin/users", Some(&key), Some(&body))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json
    }

    async fn password_session(&self, email: &str) -> Answer {
        self.token("password", json!({"email": email, "password": PASSWORD}))
            .await
    }
}

fn location(answer: &Answer) -> String {
    answer
        .headers
        .get("location")
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

fn pairs(encoded: &str) -> HashMap<String, String> {
    url::form_urlencoded::parse(encoded.as_bytes())
        .into_owned()
        .collect()
}

/// The fragment of a redirect back to the app.
fn fragment(answer: &Answer) -> HashMap<String, String> {
    assert_eq!(answer.status, 302, "{}", answer.text);
    let location = location(answer);
    assert!(location.starts_with(APP), "{location}");
    pairs(location.split_once('#').map_or("", |(_, fragment)| fragment))
}

fn code_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 302, "{}", answer.text);
    let location = location(answer);
    let query = location.split_once('?').unwrap().1;
    pairs(query)
        .get("code")
        .unwrap_or_else(|| panic!("{location}"))
        .clone()
}

fn error_code(answer: &Answer) -> (String, String) {
    let fragment = fragment(answer);
    let value = |name: &str| fragment.get(name).cloned().unwrap_or_default();
    (value("error"), value("error_code"))
}

fn pair(error: &str, code: &str) -> (String, String) {
    (error.to_owned(), code.to_owned())
}

fn identities(user: &Value) -> Vec<&str> {
    user["identities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|identity| identity["provider"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_implicit_flow_ends_with_tokens_and_its_state_is_used_once() {
    let world = World::start("").await;
    let ada = person(7, "Ada@Example.com", true);
    let url = world.authorize("github", "&scopes=repo").await;
    assert!(url.contains("scope=user%3Aemail+repo"), "{url}");
    let (code, state) = world.github.agree(&ada, &url);
    let answer = world.call_back(&code, &state).await;
    let tokens = fragment(&answer);
    assert_eq!(tokens["provider_token"], "access-7");
    assert_eq!(tokens["provider_refresh_token"], "provider-refresh");
    assert!(!tokens.contains_key("type") && tokens.contains_key("refresh_token"));
    let user = world.user(&tokens["access_token"]).await;
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(
        user["app_metadata"],
        json!({"provider": "github", "providers": ["github"]})
    );
    assert_eq!(user["user_metadata"]["user_name"], "ada");
    assert_eq!(user["identities"][0]["id"], "7");
    let claims = tokens["access_token"].split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap();
    assert_eq!(claims["amr"][0]["method"], "oauth");

    let replay = world.call_back(&code, &state).await;
    assert_eq!(replay.status, 303);
    assert!(
        location(&replay)
            .starts_with("http://127.0.0.1:3000?error=invalid_request&error_code=bad_oauth_state")
    );
    // The same person is the same user.
    assert_eq!(world.sign_in(&ada).await["id"], user["id"]);
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pkce_flow_ends_with_a_code_that_opens_one_session() {
    let world = World::start("").await;
    let challenge = BASE64URL_NOPAD.encode(&sha256(VERIFIER.as_bytes()));
    let query = format!("&code_challenge={challenge}&code_challenge_method=s256");
    let url = world.authorize("google", &query).await;
    assert!(
        !url.contains(&challenge),
        "the app's challenge is not the provider's"
    );
    let (code, state) = world.oidc.agree(&person(7, "ada@example.com", true), &url);
    let answer = world.call_back(&code, &state).await;
    assert!(!location(&answer).contains('#'), "no tokens in a PKCE redirect");
    let auth_code = code_of(&answer);
    let replayed = world.call_back(&code, &state).await;
    assert_eq!(
        error_code(&replayed),
        pair("invalid_request", "flow_state_already_used")
    );

    let exchange = |verifier: &str| json!({"auth_code": auth_code, "code_verifier": verifier});
    let wrong = world.token("pkce", exchange("wrong")).await;
    assert_eq!(
        (wrong.status, wrong.json["error_code"].as_str()),
        (400, Some("bad_code_verifier"))
    );
    let session = world.token("pkce", exchange(VERIFIER)).await;
    assert_eq!(session.status, 200, "{}", session.text);
    assert_eq!(session.json["provider_token"], "access-7");
    assert_eq!(session.json["user"]["app_metadata"]["provider"], "google");
    let again = world.token("pkce", exchange(VERIFIER)).await;
    assert_eq!(
        (again.status, again.json["error_code"].as_str()),
        (404, Some("flow_state_not_found"))
    );
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn id_tokens_are_accepted_from_the_issuer_for_us_once_with_the_nonce() {
    let world = World::start("").await;
    let ada = person(7, "ada@example.com", true);
    let grant = |token: String, nonce: &str| json!({"provider": "google", "id_token": token, "nonce": nonce});
    let hashed = HEXLOWER.encode(&sha256(b"a nonce"));
    let with_nonce = world
        .oidc
        .id_token(&ada, &json!({"nonce": hashed, "aud": "oidc-app"}));
    let answer = world
        .token("id_token", grant(with_nonce.clone(), "a nonce"))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json["user"]["identities"][0]["provider"], "google");

    let oidc = &world.oidc;
    let refusals = [
        (grant(with_nonce.clone(), ""), "both exist or not"),
        (grant(with_nonce, "another"), "Nonces mismatch"),
        (
            grant(oidc.id_token(&ada, &json!({})), "a nonce"),
            "both exist or not",
        ),
        (
            grant(oidc.id_token(&ada, &json!({"aud": "another app"})), ""),
            "Unacceptable audience",
        ),
        (
            grant(oidc.id_token(&ada, &json!({"aud": null})), ""),
            "Unacceptable audience",
        ),
        (grant(oidc.id_token(&ada, &json!({"exp": 1})), ""), "Bad ID token"),
        (
            grant(oidc.id_token(&ada, &json!({"exp": null})), ""),
            "Bad ID token",
        ),
        (
            grant(oidc.id_token(&ada, &json!({"sub": ""})), ""),
            "Missing sub claim",
        ),
        (
            grant(
                oidc.id_token(&ada, &json!({"iss": "https://accounts.google.com"})),
                "",
            ),
            "Bad ID token",
        ),
        (
            grant(oidc.id_token(&ada, &json!({"iss": world.github.base})), ""),
            "Bad ID token",
        ),
        (grant(oidc.forged_id_token(&ada, &json!({})), ""), "Bad ID token"),
        (grant(oidc.confused_id_token(&ada), ""), "Bad ID token"),
        (grant("a.b.c".to_owned(), ""), "Bad ID token"),
        (grant(String::new(), ""), "id_token required"),
        (
            json!({"provider": "google", "id_token": oidc.id_token(&ada, &json!({"at_hash": "AAAA"})), "access_token": "x"}),
            "Bad ID token",
        ),
        (
            json!({"id_token": "a.b.c"}),
            "provider or client_id and issuer required",
        ),
    ];
    for (body, expected) in refusals {
        let answer = world.token("id_token", body.clone()).await;
        let description = answer.json["error_description"].as_str().unwrap_or_default();
        assert!(
            answer.status == 400 && description.contains(expected),
            "{body} {}",
            answer.text
        );
    }
    let unknown = json!({"provider": "acme", "id_token": "a.b.c"});
    let answer = world.token("id_token", unknown).await;
    assert_eq!(answer.json["msg"], "Custom OIDC provider \"acme\" not allowed");
    let off = json!({"provider": "apple", "id_token": oidc.id_token(&ada, &json!({}))});
    assert_eq!(
        world.token("id_token", off).await.json["error_code"],
        "provider_disabled"
    );
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn states_and_codes_belong_together() {
    let world = World::start("additional_redirect_urls = [\"https://app.example/**\"]").await;
    let (eve, ada) = (
        person(1, "eve@example.com", true),
        person(2, "ada@example.com", true),
    );
    // A code of one provider with the state of another.
    let (_, state) = world.github.agree(&ada, &world.authorize("github", "").await);
    let (code, _) = world.oidc.agree(&eve, &world.authorize("google", "").await);
    let mixed = world.call_back(&code, &state).await;
    assert_eq!(error_code(&mixed), pair("server_error", "unexpected_failure"));
    assert!(
        !location(&mixed).contains(&code),
        "codes do not leak into redirects"
    );
    // The state is used up by that.
    let (code, _) = world.github.agree(&ada, &world.authorize("github", "").await);
    assert_eq!(
        error_code(&world.call_back(&code, &state).await).1,
        "oauth_client_state_not_found"
    );
    // A code of the same provider, but of another sign-in: PKCE towards the provider tells them apart.
    let (_, state) = world.github.agree(&ada, &world.authorize("github", "").await);
    let (code, _) = world.github.agree(&eve, &world.authorize("github", "").await);
    assert_eq!(
        error_code(&world.call_back(&code, &state).await).0,
        "server_error"
    );
    // A provider that names itself must be the one that was asked (RFC 9207).
    let (code, state) = world.oidc.agree(&ada, &world.authorize("google", "").await);
    let path = format!("/auth/v1/callback?code={code}&state={state}&iss=https://evil.example");
    assert_eq!(error_code(&world.browse(&path).await).1, "oauth_invalid_state");

    for (query, code) in [
        ("", "bad_oauth_callback"),
        ("?state=x", "bad_oauth_state"),
        ("?state=6b7e6f0e-0000-4000-8000-000000000000", "bad_oauth_state"),
    ] {
        let answer = world.browse(&format!("/auth/v1/callback{query}")).await;
        assert_eq!(answer.status, 303);
        let location = location(&answer);
        let expected = format!("http://127.0.0.1:3000?error=invalid_request&error_code={code}&");
        assert!(
            location.starts_with(&expected) && !location.contains('#'),
            "{location}"
        );
    }
    let (_, state) = world.github.agree(&ada, &world.authorize("github", "").await);
    let said_no = format!("/auth/v1/callback?state={state}&error=access_denied&error_description=no");
    assert_eq!(
        error_code(&world.browse(&said_no).await),
        pair("access_denied", "")
    );
    // A target that is not on the list is not remembered.
    let path = "/auth/v1/authorize?provider=github&redirect_to=https://evil.example/";
    let (code, state) = world.github.agree(&ada, &location(&world.browse(path).await));
    assert!(
        location(&world.call_back(&code, &state).await).starts_with("http://127.0.0.1:3000#access_token=")
    );
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apple_answers_by_form_and_tells_the_name_once() {
    let apple = Provider::start().await;
    let settings = format!(
        "[auth.external.apple]\nenabled = true\nclient_id = \"oidc-client\"\nsecret = \"client secret\"\nurl = \"{}\"\n",
        apple.base
    );
    let world = World::start(&settings).await;
    let url = world.authorize("apple", "").await;
    assert!(url.contains("response_mode=form_post"), "{url}");
    let (code, state) = apple.agree(&person(7, "ada@example.com", true), &url);
    let user = r#"{"name":{"firstName":"Ada","lastName":"Lovelace"},"email":"victim@example.com"}"#;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("code", &*code), ("state", &*state), ("user", user)])
        .finish();
    let kind = (
        "content-type".to_owned(),
        "application/x-www-form-urlencoded".to_owned(),
    );
    let answer = world
        .backend
        .raw(Method::POST, "/auth/v1/callback", vec![kind], form.into_bytes())
        .await;
    let user = world.user(&fragment(&answer)["access_token"]).await;
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(user["user_metadata"]["full_name"], "Ada Lovelace");
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twitter_keeps_its_request_token() {
    let world = World::start("").await;
    let settings = format!(
        "[auth]\nsite_url = \"http://127.0.0.1:3000\"\n\
         [auth.external.twitter]\nenabled = true\nclient_id = \"key\"\nsecret = \"secret\"\nurl = \"{}\"\n",
        world.github.base
    );
    let backend = Backend::start(&settings).await;
    let browse = async |path: &str| backend.raw(Method::GET, path, Vec::new(), Vec::new()).await;
    let path = format!("/auth/v1/authorize?provider=twitter&redirect_to={APP}");
    let page = location(&browse(&path).await);
    assert!(
        page.ends_with("/oauth/authenticate?oauth_token=request-1"),
        "{page}"
    );
    let callback = world.github.twitter_callback();
    let state = callback.split_once("?state=").unwrap().1;
    let back =
        |token: &str| format!("/auth/v1/callback?state={state}&oauth_token={token}&oauth_verifier=yes");
    let done = browse(&back("request-1")).await;
    let tokens = fragment(&done);
    let token = tokens.get("access_token").unwrap_or_else(|| panic!("{tokens:?}"));
    let user = backend
        .send(Method::GET, "/auth/v1/user", Some(token), None)
        .await
        .json;
    assert_eq!(
        (user["email"].as_str(), user["identities"][0]["id"].as_str()),
        (Some("ada@example.com"), Some("7"))
    );
    assert_eq!(browse(&back("request-1")).await.status, 303);

    let page = location(&browse(&path).await);
    assert!(page.ends_with("request-2"), "{page}");
    let callback = world.github.twitter_callback();
    let state = callback.split_once("?state=").unwrap().1;
    let swapped = format!("/auth/v1/callback?state={state}&oauth_token=request-1&oauth_verifier=yes");
    assert_eq!(error_code(&browse(&swapped).await).1, "oauth_invalid_state");
    backend.stop().await;
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_that_cannot_be_used_are_refused_in_json() {
    let world = World::start("[auth.external.gitlab]\nenabled = true\nclient_id = \"x\"\n").await;
    for (query, message) in [
        (
            "provider=acme",
            "Unsupported provider: Provider acme could not be found",
        ),
        ("", "Unsupported provider: Provider  could not be found"),
        ("provider=zoom", "Unsupported provider: provider is not enabled"),
        ("provider=gitlab", "Unsupported provider: missing OAuth secret"),
        (
            "provider=github&code_challenge=short",
            "PKCE flow requires code_challenge_method and code_challenge",
        ),
    ] {
        let answer = world.browse(&format!("/auth/v1/authorize?{query}")).await;
        assert_eq!(
            (answer.status, answer.json["msg"].as_str()),
            (400, Some(message)),
            "{query}"
        );
    }
    let invited = world
        .browse("/auth/v1/authorize?provider=github&invite_token=nope")
        .await;
    assert_eq!(
        (invited.status, invited.json["error_code"].as_str()),
        (404, Some("user_not_found"))
    );
    world.backend.stop().await;
}
