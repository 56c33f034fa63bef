//! Google: the ID token, or the older user-info endpoint when there is none.

use serde_json::{Map, Value};

use super::answer::{nth, text, truth};
use super::{Answers, IdTokens, Issuer, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::{Profile, is_true};

const USER_INFO: (&str, &str) = ("www.googleapis.com", "/userinfo/v2/me");

pub(super) static GOOGLE: Provider = Provider {
    name: "google",
    scopes: &["email", "profile"],
    authorize: Place {
        host: "accounts.google.com",
        path: "/o/oauth2/v2/auth",
    },
    token: Place {
        host: "oauth2.googleapis.com",
        path: "/token",
    },
    pkce: true,
    lookups: |site| vec![Lookup::at(site.url(USER_INFO.0, USER_INFO.1))],
    read,
    id_token: Some(IdTokens {
        issuer,
        read: |_, claims| read_claims(claims),
        in_code_flow: true,
        ignores_nonce: false,
    }),
    ..ORDINARY
};

/// Google writes its name with and without the scheme.
fn issuer(base: Option<&str>, claimed: &str) -> Option<Issuer> {
    const KNOWN: &str = "https://accounts.google.com";
    if base.is_none() && claimed == "accounts.google.com" {
        return Some(Issuer {
            id: claimed.to_owned(),
            ..Issuer::plain(KNOWN)
        });
    }
    Issuer::fixed(base, KNOWN, claimed)
}

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let user = nth(answers.lookups, 0);
    let verified = truth(user, "/verified_email") || truth(user, "/email_verified");
    Profile::new(&site.url(USER_INFO.0, USER_INFO.1), text(user, "/id"))
        .with_name(&text(user, "/name"))
        .with_picture(&text(user, "/picture"))
        .with_custom("hd", user.get("hd"))
        .with_email(&text(user, "/email"), verified, true)
}

fn read_claims(claims: &Map<String, Value>) -> Profile {
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    Profile::new(claim("iss"), claim("sub"))
        .with_name(claim("name"))
        .with_picture(claim("picture"))
        .with_custom("hd", claims.get("hd"))
        .with_email(claim("email"), is_true(claims.get("email_verified")), true)
}
