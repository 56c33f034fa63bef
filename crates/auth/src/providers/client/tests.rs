//! Authorization URLs of every provider, and what token endpoints answer.

use secrecy::SecretString;

use super::*;
use crate::providers::{find, names};

fn settings(url: Option<&str>) -> ProviderConfig {
    ProviderConfig {
        client_ids: vec!["client".to_owned(), "app".to_owned()],
        secret: SecretString::from("s+crét"),
        redirect_uri: "http://127.0.0.1:54321/auth/v1/callback".to_owned(),
        url: url.map(str::to_owned),
        skip_nonce_check: false,
        email_optional: false,
    }
}

fn outgoing() -> Outgoing {
    let policy = ferrobase_http::Policy {
        allow_private: true,
        idle_per_host: 4,
        user_agent: "test".to_owned(),
    };
    Outgoing::new(&policy).unwrap()
}

fn url_of(name: &str, scopes: &str, query: &[(&str, &str)]) -> Url {
    let settings = settings((name == "keycloak").then_some("https://sso.example.com/realms/main"));
    let outgoing = outgoing();
    let provider = find(name).unwrap();
    let client = Client {
        provider,
        settings: &settings,
        outgoing: &outgoing,
    };
    let query: Vec<(String, String)> = query
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let asked = Authorization {
        state: "the-state",
        scopes,
        challenge: provider.pkce.then_some("the-challenge"),
        query: &query,
    };
    client.authorization_url(&asked).unwrap().parse().unwrap()
}

fn value(url: &Url, name: &str) -> Option<String> {
    let mut found = url.query_pairs().filter(|(key, _)| key == name);
    let first = found.next().map(|(_, value)| value.into_owned());
    assert!(found.next().is_none(), "{name} twice in {url}");
    first
}

/// Provider, address, scopes, whether it gets a PKCE challenge.
const ADDRESSES: [(&str, &str, &str, bool); 23] = [
    (
        "apple",
        "https://appleid.apple.com/auth/authorize",
        "email name",
        false,
    ),
    (
        "azure",
        "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        "openid",
        true,
    ),
    (
        "bitbucket",
        "https://bitbucket.org/site/oauth2/authorize",
        "account email",
        false,
    ),
    (
        "discord",
        "https://discord.com/api/oauth2/authorize",
        "email identify",
        true,
    ),
    (
        "facebook",
        "https://www.facebook.com/dialog/oauth",
        "email",
        false,
    ),
    ("figma", "https://www.figma.com/oauth", "current_user:read", true),
    ("fly", "https://api.fly.io/oauth/authorize", "read", false),
    (
        "github",
        "https://github.com/login/oauth/authorize",
        "user:email",
        true,
    ),
    ("gitlab", "https://gitlab.com/oauth/authorize", "read_user", true),
    (
        "google",
        "https://accounts.google.com/o/oauth2/v2/auth",
        "email profile",
        true,
    ),
    (
        "kakao",
        "https://kauth.kakao.com/oauth/authorize",
        "account_email profile_image profile_nickname",
        false,
    ),
    (
        "keycloak",
        "https://sso.example.com/realms/main/protocol/openid-connect/auth",
        "profile email",
        true,
    ),
    (
        "linkedin",
        "https://www.linkedin.com/oauth/v2/authorization",
        "r_emailaddress r_liteprofile",
        false,
    ),
    (
        "linkedin_oidc",
        "https://www.linkedin.com/oauth/v2/authorization",
        "openid email profile",
        false,
    ),
    ("notion", "https://api.notion.com/v1/oauth/authorize", "", false),
    (
        "slack",
        "https://slack.com/oauth/authorize",
        "profile email openid",
        false,
    ),
    (
        "slack_oidc",
        "https://slack.com/openid/connect/authorize",
        "profile email openid",
        false,
    ),
    (
        "spotify",
        "https://accounts.spotify.com/authorize",
        "user-read-email",
        true,
    ),
    (
        "twitch",
        "https://id.twitch.tv/oauth2/authorize",
        "user:read:email",
        false,
    ),
    (
        "vercel_marketplace",
        "https://api.vercel.com/oauth/v2/authorization",
        "",
        false,
    ),
    ("workos", "https://api.workos.com/sso/authorize", "", false),
    (
        "x",
        "https://x.com/i/oauth2/authorize",
        "users.email tweet.read users.read offline.access",
        true,
    ),
    ("zoom", "https://zoom.us/oauth/authorize", "", true),
];

#[test]
fn authorization_urls() {
    for (name, address, scope, pkce) in ADDRESSES {
        let url = url_of(name, "", &[]);
        assert_eq!(url.as_str().split('?').next(), Some(address), "{name}");
        assert_eq!(value(&url, "scope").unwrap_or_default(), scope, "{name}");
        assert_eq!(value(&url, "client_id").as_deref(), Some("client"), "{name}");
        assert_eq!(value(&url, "state").as_deref(), Some("the-state"), "{name}");
        assert_eq!(value(&url, "response_type").as_deref(), Some("code"), "{name}");
        let method = value(&url, "code_challenge_method");
        assert_eq!(method.as_deref(), pkce.then_some("S256"), "{name}");
    }
    // Snapchat's scopes are URLs; Twitter has no such address.
    assert_eq!(names().count(), ADDRESSES.len() + 2);
    assert!(
        value(&url_of("snapchat", "", &[]), "scope")
            .unwrap()
            .contains("user.external_id https://")
    );
    assert_eq!(
        value(&url_of("apple", "", &[]), "response_mode").as_deref(),
        Some("form_post")
    );
    assert_eq!(
        value(&url_of("notion", "", &[]), "owner").as_deref(),
        Some("user")
    );
}

#[test]
fn callers_add_but_do_not_replace() {
    let url = url_of(
        "github",
        "repo, gist,",
        &[
            ("provider", "github"),
            ("redirect_to", "http://evil.example"),
            ("State", "forged"),
            ("CLIENT_ID", "forged"),
            ("redirect_uri", "http://evil.example"),
            ("code_challenge", "forged"),
            ("invite_token", "secret"),
            ("apikey", "secret"),
            ("allow_signup", "false"),
            ("nonce", "n"),
        ],
    );
    assert_eq!(value(&url, "scope").as_deref(), Some("user:email repo gist"));
    assert_eq!(value(&url, "allow_signup").as_deref(), Some("false"));
    assert_eq!(value(&url, "nonce").as_deref(), Some("n"));
    assert!(
        !url.as_str().contains("forged")
            && !url.as_str().contains("secret")
            && !url.as_str().contains("evil")
    );
    let url = url_of(
        "workos",
        "",
        &[("workos_provider", "GoogleOAuth"), ("provider", "workos")],
    );
    assert_eq!(value(&url, "provider").as_deref(), Some("GoogleOAuth"));
}

#[test]
fn token_answers() {
    let json = tokens(
        200,
        br#"{"access_token":"a","refresh_token":"r","id_token":"i","profile":{"id":"7"}}"#,
    )
    .unwrap();
    assert_eq!(
        (
            json.access.as_str(),
            json.refresh.as_deref(),
            json.id_token.as_deref()
        ),
        ("a", Some("r"), Some("i"))
    );
    assert_eq!(json.answer.pointer("/profile/id"), Some(&json!("7")));
    assert_eq!(tokens(200, b"access_token=a&scope=user").unwrap().access, "a");
    // GitHub refuses with status 200.
    let refused = tokens(
        200,
        br#"{"error":"bad_verification_code","error_description":"x"}"#,
    );
    assert_eq!(
        refused.unwrap_err().to_string(),
        "the token endpoint answered 200 (bad_verification_code)"
    );
    for (status, body) in [
        (400, "{\"access_token\":\"a\"}"),
        (200, "{}"),
        (200, "{\"access_token\":\"\"}"),
        (200, "[]"),
        (200, ""),
    ] {
        assert!(tokens(status, body.as_bytes()).is_err(), "{status} {body}");
    }
}

#[test]
fn credentials_are_encoded_before_they_are_joined() {
    let site = Site {
        client_id: "a:b",
        secret: "c d+é",
        ..Site::default()
    };
    let expected = BASE64.encode(b"a%3Ab:c+d%2B%C3%A9");
    assert_eq!(basic(site.client_id, site.secret), format!("Basic {expected}"));
}
