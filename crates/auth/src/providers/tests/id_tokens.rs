//! ID tokens: whose are accepted, and what is read from them.

use serde_json::{Map, Value, json};

use super::super::*;
use crate::model::profile::Profile;

/// Claims of an ID token, read by the provider whose issuer wrote it.
fn claims_of(provider: &str, value: &Value) -> Profile {
    let claims: Map<String, Value> = value.as_object().cloned().unwrap_or_default();
    let rules = find(provider).and_then(|provider| provider.id_token.as_ref());
    rules.map(|rules| (rules.read)(None, &claims)).unwrap_or_default()
}

/// Provider, claims besides issuer, subject 7 and an address, the subject and name read, whether the address is verified.
const READ: [(&str, &str, &str, &str, bool); 14] = [
    ("apple", r#"{"email_verified": "true"}"#, "7", "", true),
    (
        "google",
        r#"{"email_verified": true, "name": "Ada"}"#,
        "7",
        "Ada",
        true,
    ),
    ("google", r#"{"name": "Ada"}"#, "7", "Ada", false),
    ("azure", r#"{"xms_edov": "1", "name": "Ada"}"#, "7", "Ada", true),
    (
        "azure",
        r#"{"xms_edov": false, "name": "Ada"}"#,
        "7",
        "Ada",
        false,
    ),
    ("azure", r#"{"xms_edov": "0"}"#, "7", "", false),
    ("azure", r#"{"name": "Ada"}"#, "7", "Ada", false),
    ("facebook", r#"{"name": "Ada"}"#, "7", "Ada", true),
    ("kakao", r#"{"nickname": "Ada"}"#, "7", "Ada", true),
    (
        "keycloak",
        r#"{"email_verified": false, "name": "Ada"}"#,
        "7",
        "Ada",
        false,
    ),
    (
        "snapchat",
        r#"{"email_verified": true, "name": "Ada"}"#,
        "7",
        "Ada",
        true,
    ),
    (
        "linkedin_oidc",
        r#"{"email_verified": "true", "given_name": "Ada"}"#,
        "7",
        "Ada",
        true,
    ),
    (
        "vercel_marketplace",
        r#"{"user_name": "Ada", "global_user_id": "g"}"#,
        "global_user_id:g",
        "Ada",
        true,
    ),
    ("vercel_marketplace", r#"{"user_name": "Ada"}"#, "7", "Ada", true),
];

#[test]
fn claims_become_profiles() {
    for (provider, claims, subject, name, verified) in READ {
        let mut all: Value = serde_json::from_str(claims).unwrap_or_default();
        for (claim, value) in [
            ("iss", "https://idp"),
            ("sub", "7"),
            ("email", "a@b.c"),
            ("user_email", "a@b.c"),
        ] {
            all[claim] = json!(value);
        }
        let profile = claims_of(provider, &all);
        assert_eq!(profile.subject, subject, "{provider} {claims}");
        assert_eq!(profile.emails.len(), 1, "{provider} {claims}");
        assert_eq!(profile.emails[0].verified, verified, "{provider} {claims}");
        let data = profile.identity_data();
        let found = data
            .get("full_name")
            .or_else(|| data.get("name"))
            .and_then(Value::as_str);
        assert_eq!(found.unwrap_or_default(), name, "{provider} {claims}");
    }
}

#[test]
fn an_azure_tenant_vouches_only_where_it_was_chosen() {
    let verified = |base: Option<&str>, tenant: &str| {
        let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        let claims = json!({"iss": issuer, "sub": "7", "email": "a@b.c"});
        let rules = find("azure").and_then(|provider| provider.id_token.as_ref());
        let profile = rules
            .zip(claims.as_object())
            .map(|(rules, claims)| (rules.read)(base, claims));
        profile.is_some_and(|profile| profile.emails[0].verified)
    };
    assert!(!verified(None, "a-tenant"));
    assert!(!verified(
        Some("https://login.microsoftonline.com/organizations"),
        "a-tenant"
    ));
    assert!(verified(
        Some("https://login.microsoftonline.com/a-tenant/"),
        "a-tenant"
    ));
    assert!(verified(None, "9188040d-6c67-4c5b-b112-36a304b66dad"));
}

#[test]
fn claims_without_a_standard_name() {
    let azure = claims_of("azure", &json!({"sub": "7", "aud": "x", "exp": 1, "tid": "t"})).identity_data();
    assert_eq!(azure.get("custom_claims"), Some(&json!({"tid": "t"})));
    let google = claims_of("google", &json!({"sub": "7", "hd": "example.com"})).identity_data();
    assert_eq!(google.get("custom_claims"), Some(&json!({"hd": "example.com"})));
    let apple = claims_of("apple", &json!({"sub": "7", "is_private_email": "true"}));
    let named = apple_name(
        apple,
        r#"{"name":{"firstName":"Ada","lastName":"L"},"email":"forged@example.com"}"#,
    );
    assert!(named.emails.is_empty());
    let data = named.identity_data();
    assert_eq!(data.get("full_name"), Some(&json!("Ada L")));
    assert_eq!(
        data.get("custom_claims"),
        Some(&json!({"is_private_email": true}))
    );
}

#[test]
fn issuers_are_the_providers_own() {
    let accepted = |provider: &str, base: Option<&str>, claimed: &str| {
        let rules = find(provider).and_then(|provider| provider.id_token.as_ref());
        rules.is_some_and(|rules| (rules.issuer)(base, claimed).is_some())
    };
    let tenant = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad";
    let own = format!("{tenant}/v2.0");
    for (provider, base, claimed, expected) in [
        ("google", None, "https://accounts.google.com", true),
        ("google", None, "accounts.google.com", true),
        ("google", None, "https://accounts.google.com.evil.example", false),
        ("apple", None, "https://appleid.apple.com", true),
        ("apple", None, "https://accounts.google.com", false),
        ("facebook", None, "https://www.facebook.com", true),
        ("kakao", None, "https://kauth.kakao.com", true),
        ("linkedin_oidc", None, "https://www.linkedin.com", true),
        ("linkedin_oidc", None, "https://www.linkedin.com/oauth", true),
        ("vercel_marketplace", None, "https://marketplace.vercel.com", true),
        ("keycloak", None, "", false),
        (
            "keycloak",
            Some("https://sso.example.com/realms/main"),
            "https://sso.example.com/realms/main",
            true,
        ),
        (
            "keycloak",
            Some("https://sso.example.com/realms/main"),
            "https://sso.example.com/realms/other",
            false,
        ),
        ("azure", None, own.as_str(), true),
        (
            "azure",
            None,
            "https://login.microsoftonline.com/common/v2.0",
            false,
        ),
        (
            "azure",
            None,
            "https://login.microsoftonline.com.evil.example/t/v2.0",
            false,
        ),
        ("azure", None, "https://login.microsoftonline.com/a/b/v2.0", false),
        ("azure", Some(tenant), own.as_str(), true),
        (
            "azure",
            Some(tenant),
            "https://login.microsoftonline.com/other/v2.0",
            false,
        ),
        (
            "azure",
            Some("https://login.microsoftonline.com/organizations"),
            own.as_str(),
            true,
        ),
        (
            "azure",
            Some("http://127.0.0.1:1"),
            "http://127.0.0.1:1/v2.0",
            true,
        ),
        ("azure", Some("http://127.0.0.1:1"), own.as_str(), false),
    ] {
        assert_eq!(
            accepted(provider, base, claimed),
            expected,
            "{provider} {base:?} {claimed}"
        );
    }
    assert_eq!(of_issuer(&own).map(|provider| provider.name), Some("azure"));
    assert!(of_issuer("https://idp.example.com").is_none() && of_issuer("").is_none());
}
