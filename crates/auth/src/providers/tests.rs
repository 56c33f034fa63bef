//! Every provider against an answer of the shape that it really gives.

use serde_json::{Value, json};

use super::*;
use crate::model::profile::Profile;

mod id_tokens;

/// What is asked, what is answered, and what must come of it.
struct Case {
    provider: &'static str,
    /// Host settings.
    base: Option<&'static str>,
    asked: &'static [&'static str],
    answers: Vec<Value>,
    /// Extra of the token answer.
    token: Value,
    subject: &'static str,
    name: &'static str,
    emails: &'static [(&'static str, bool)],
    issuer: &'static str,
}

fn check(case: &Case) {
    let provider = find(case.provider).unwrap_or_else(|| panic!("{}", case.provider));
    let site = Site {
        base: case.base,
        client_id: "client",
        secret: "secret",
        access_token: "token",
    };
    let asked: Vec<String> = (provider.lookups)(&site)
        .into_iter()
        .map(|lookup| lookup.url)
        .collect();
    assert_eq!(asked, case.asked, "{}", case.provider);
    let answers = Answers {
        token: &case.token,
        lookups: &case.answers,
    };
    let profile = (provider.read)(&site, &answers);
    check_profile(case, &profile);
    // Answers without anything in them must not be taken for a person.
    let nothing = Answers {
        token: &Value::Null,
        lookups: &[],
    };
    let nobody = (provider.read)(&site, &nothing);
    assert!(
        nobody.subject.is_empty() && nobody.emails.is_empty(),
        "{}",
        case.provider
    );
}

fn check_profile(case: &Case, profile: &Profile) {
    let data = profile.identity_data();
    let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default();
    assert_eq!(profile.subject, case.subject, "{}", case.provider);
    assert_eq!(text("sub"), case.subject, "{}", case.provider);
    assert_eq!(text("provider_id"), case.subject, "{}", case.provider);
    assert_eq!(text("iss"), case.issuer, "{}", case.provider);
    let name = if text("full_name").is_empty() {
        text("name")
    } else {
        text("full_name")
    };
    assert_eq!(name, case.name, "{}", case.provider);
    let emails: Vec<(&str, bool)> = profile
        .emails
        .iter()
        .map(|email| (email.address.as_str(), email.verified))
        .collect();
    assert_eq!(emails, case.emails, "{}", case.provider);
}

/// The usual case: one question, one verified address.
fn case(provider: &'static str, asked: &'static [&'static str], answers: Vec<Value>) -> Case {
    Case {
        provider,
        base: None,
        asked,
        answers,
        token: Value::Null,
        subject: "7",
        name: "Ada Lovelace",
        emails: &[("ada@example.com", true)],
        issuer: "",
    }
}

#[test]
fn code_hosts() {
    let emails = json!([
        {"email": "ada@example.com", "primary": true, "verified": true, "visibility": "private"},
        {"email": "Old@Example.com", "primary": false, "verified": false, "visibility": null},
    ]);
    let user = json!({"id": 7, "login": "ada", "name": "Ada Lovelace", "email": "public@example.com", "avatar_url": "https://a/7"});
    check(&Case {
        emails: &[("ada@example.com", true), ("old@example.com", false)],
        issuer: "https://api.github.com",
        ..case(
            "github",
            &[
                "https://api.github.com/user",
                "https://api.github.com/user/emails",
            ],
            vec![user.clone(), emails.clone()],
        )
    });
    check(&Case {
        base: Some("https://ghe.example.com/"),
        emails: &[("ada@example.com", true), ("old@example.com", false)],
        issuer: "https://ghe.example.com/api/v3",
        ..case(
            "github",
            &[
                "https://ghe.example.com/api/v3/user",
                "https://ghe.example.com/api/v3/user/emails",
            ],
            vec![user, emails],
        )
    });
    check(&Case {
        emails: &[("ada@example.com", true), ("second@example.com", false)],
        issuer: "https://gitlab.com",
        ..case(
            "gitlab",
            &[
                "https://gitlab.com/api/v4/user",
                "https://gitlab.com/api/v4/user/emails",
            ],
            vec![
                json!({"id": 7, "name": "Ada Lovelace", "username": "ada", "email": "ada@example.com", "confirmed_at": "2020-01-01T00:00:00Z", "avatar_url": "https://a/7"}),
                json!([{"id": 1, "email": "second@example.com"}, {"id": 2, "email": "ada@example.com"}]),
            ],
        )
    });
    check(&Case {
        emails: &[("ada@example.com", false)],
        issuer: "https://gitlab.com",
        ..case(
            "gitlab",
            &[
                "https://gitlab.com/api/v4/user",
                "https://gitlab.com/api/v4/user/emails",
            ],
            vec![
                json!({"id": 7, "name": "Ada Lovelace", "email": "ada@example.com", "confirmed_at": null}),
                json!([]),
            ],
        )
    });
    check(&Case {
        subject: "{a-b}",
        emails: &[("ada@example.com", true), ("x@example.com", false)],
        issuer: "https://api.bitbucket.org/2.0",
        ..case(
            "bitbucket",
            &[
                "https://api.bitbucket.org/2.0/user",
                "https://api.bitbucket.org/2.0/user/emails",
            ],
            vec![
                json!({"display_name": "Ada Lovelace", "uuid": "{a-b}", "avatar": {"href": "https://a/7"}}),
                json!({"values": [
                    {"email": "ada@example.com", "is_primary": true, "is_confirmed": true},
                    {"email": "x@example.com", "is_primary": false, "is_confirmed": false},
                ]}),
            ],
        )
    });
}

#[test]
fn networks() {
    check(&Case {
        name: "ada",
        issuer: "https://discord.com/api",
        ..case(
            "discord",
            &["https://discord.com/api/users/@me"],
            vec![
                json!({"id": "7", "username": "ada", "discriminator": "0", "global_name": "Ada", "avatar": "a_1f", "email": "ada@example.com", "verified": true}),
            ],
        )
    });
    check(&Case {
        issuer: "https://graph.facebook.com/me",
        ..case(
            "facebook",
            // HMAC-SHA-256 of "token" under "secret".
            &[
                "https://graph.facebook.com/me?fields=email,first_name,last_name,name,picture&appsecret_proof=e941110e3d2bfe82621f0e3e1434730d7305d106c5f68c87165d0b27a4611a4a",
            ],
            vec![
                json!({"id": "7", "first_name": "Ada", "last_name": "Lovelace", "name": "Ada L", "email": "ada@example.com", "picture": {"data": {"url": "https://a/7"}}}),
            ],
        )
    });
    check(&Case {
        name: "ada",
        issuer: "https://api.twitch.tv",
        ..case(
            "twitch",
            &["https://api.twitch.tv/helix/users"],
            vec![
                json!({"data": [{"id": "7", "login": "ada", "display_name": "Ada", "type": "", "broadcaster_type": "partner", "view_count": 3, "email": "ada@example.com", "profile_image_url": "https://a/7"}]}),
            ],
        )
    });
    check(&Case {
        issuer: "https://api.x.com",
        ..case(
            "x",
            &[
                "https://api.x.com/2/users/me?user.fields=id,name,username,confirmed_email,profile_image_url,url,created_at",
            ],
            vec![
                json!({"data": {"id": "7", "name": "Ada Lovelace", "username": "ada", "confirmed_email": "ada@example.com", "created_at": "2013-12-14T04:35:55.000Z"}}),
            ],
        )
    });
    check(&Case {
        issuer: "https://api.twitter.com/1.1/account/verify_credentials.json",
        ..case(
            "twitter",
            &[],
            vec![
                json!({"id": 7, "id_str": "7", "name": "Ada Lovelace", "screen_name": "ada", "email": "ada@example.com", "profile_image_url_https": "https://a/7"}),
            ],
        )
    });
    check(&Case {
        emails: &[],
        issuer: "https://accounts.snapchat.com/accounts/oauth2/token",
        ..case(
            "snapchat",
            &[
                "https://kit.snapchat.com/v1/me?query=%7Bme+%7B+externalId+displayName+bitmoji+%7B+avatar+id+%7D+email+%7D+%7D",
            ],
            vec![
                json!({"data": {"me": {"externalId": "7", "displayName": "Ada Lovelace", "bitmoji": {"avatar": "https://a/7"}}}, "errors": []}),
            ],
        )
    });
    let kakao = |valid: bool| {
        json!({"id": 7, "kakao_account": {"profile": {"nickname": "Ada Lovelace", "profile_image_url": "https://a/7"},
            "email": "ada@example.com", "is_email_valid": valid, "is_email_verified": true}})
    };
    for (valid, emails) in [
        (true, &[("ada@example.com", true)]),
        (false, &[("ada@example.com", false)]),
    ] {
        check(&Case {
            emails,
            issuer: "https://kapi.kakao.com",
            ..case(
                "kakao",
                &["https://kapi.kakao.com/v2/user/me"],
                vec![kakao(valid)],
            )
        });
    }
}

#[test]
fn tools() {
    check(&Case {
        issuer: "https://api.figma.com",
        ..case(
            "figma",
            &["https://api.figma.com/v1/me"],
            vec![
                json!({"id": "7", "handle": "Ada Lovelace", "img_url": "https://a/7", "email": "ada@example.com"}),
            ],
        )
    });
    check(&Case {
        issuer: "https://api.fly.io",
        ..case(
            "fly",
            &["https://api.fly.io/oauth/token/info"],
            vec![
                json!({"resource_owner_id": "r", "user_id": "7", "user_name": "Ada Lovelace", "email": "ada@example.com",
                "organizations": [{"id": "o", "role": "admin"}], "scope": ["read"], "application": {"uid": "u"}, "created_at": 1}),
            ],
        )
    });
    check(&Case {
        issuer: "https://api.notion.com",
        ..case(
            "notion",
            &["https://api.notion.com/v1/users/me"],
            vec![
                json!({"object": "user", "type": "bot", "bot": {"owner": {"type": "user", "user": {"id": "7", "name": "Ada Lovelace",
                "avatar_url": "https://a/7", "person": {"email": "ada@example.com"}}}}}),
            ],
        )
    });
    for provider in ["slack", "slack_oidc"] {
        check(&Case {
            issuer: "https://slack.com/api",
            ..case(
                provider,
                &["https://slack.com/api/openid.connect.userInfo"],
                vec![
                    json!({"ok": true, "sub": "U", "https://slack.com/user_id": "7", "https://slack.com/team_id": "T",
                    "email": "ada@example.com", "email_verified": true, "name": "Ada Lovelace", "picture": "https://a/7"}),
                ],
            )
        });
    }
    check(&Case {
        emails: &[("ada@example.com", false)],
        issuer: "https://api.spotify.com/v1",
        ..case(
            "spotify",
            &["https://api.spotify.com/v1/me"],
            vec![
                json!({"id": "7", "display_name": "Ada Lovelace", "email": "ada@example.com", "images": [{"url": "https://a/7", "height": 1, "width": 1}]}),
            ],
        )
    });
    for (login_type, verified, emails) in [
        ("1", 0, &[("ada@example.com", true)]),
        ("100", 0, &[("ada@example.com", false)]),
        ("100", 1, &[("ada@example.com", true)]),
    ] {
        check(&Case {
            emails,
            issuer: "https://api.zoom.us/v2",
            ..case(
                "zoom",
                &["https://api.zoom.us/v2/users/me"],
                vec![
                    json!({"id": "7", "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com", "login_type": login_type, "verified": verified}),
                ],
            )
        });
    }
    check(&Case {
        issuer: "https://api.linkedin.com",
        ..case(
            "linkedin",
            &[
                "https://api.linkedin.com/v2/me?projection=(id,firstName,lastName,profilePicture(displayImage~:playableStreams))",
                "https://api.linkedin.com/v2/emailAddress?q=members&projection=(elements*(handle~))",
            ],
            vec![
                json!({"id": "7", "firstName": {"localized": {"en_US": "Ada"}, "preferredLocale": {"country": "US", "language": "en"}},
                    "lastName": {"localized": {"en_US": "Lovelace"}, "preferredLocale": {"country": "US", "language": "en"}},
                    "profilePicture": {"displayImage~": {"elements": [{"identifiers": [{"identifier": "https://a/7"}]}]}}}),
                json!({"elements": [{"handle": "urn:li:emailAddress:1", "handle~": {"emailAddress": "ada@example.com"}}]}),
            ],
        )
    });
}

#[test]
fn identity_servers() {
    check(&Case {
        issuer: "https://www.googleapis.com/userinfo/v2/me",
        ..case(
            "google",
            &["https://www.googleapis.com/userinfo/v2/me"],
            vec![
                json!({"id": "7", "name": "Ada Lovelace", "email": "ada@example.com", "verified_email": true, "picture": "https://a/7", "hd": "example.com"}),
            ],
        )
    });
    check(&Case {
        base: Some("https://sso.example.com/realms/main"),
        emails: &[("ada@example.com", false)],
        issuer: "https://sso.example.com/realms/main",
        ..case(
            "keycloak",
            &["https://sso.example.com/realms/main/protocol/openid-connect/userinfo"],
            vec![
                json!({"sub": "7", "name": "Ada Lovelace", "email": "ada@example.com", "email_verified": false}),
            ],
        )
    });
    check(&Case {
        token: json!({"access_token": "a", "profile": {"id": "7", "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace",
            "connection_id": "conn", "organization_id": null, "connection_type": "OktaSAML", "raw_attributes": {}}}),
        issuer: "https://api.workos.com",
        ..case("workos", &[], vec![])
    });
}

#[test]
fn names_are_sorted_and_complete() {
    let names: Vec<&str> = names().collect();
    assert!(names.is_sorted());
    assert_eq!(names.len(), 25);
    for name in names {
        let provider = find(name).unwrap_or_else(|| panic!("{name}"));
        assert!(
            provider.authorize.path.starts_with('/') && provider.token.path.starts_with('/'),
            "{name}"
        );
    }
}
