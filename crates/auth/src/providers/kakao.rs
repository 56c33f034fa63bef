//! Kakao.

use serde_json::{Map, Value};

use super::answer::{nth, text, truth};
use super::{Answers, IdTokens, Issuer, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const AUTH: &str = "kauth.kakao.com";
const API: &str = "kapi.kakao.com";

pub(super) static KAKAO: Provider = Provider {
    name: "kakao",
    scopes: &["account_email", "profile_image", "profile_nickname"],
    authorize: Place {
        host: AUTH,
        path: "/oauth/authorize",
    },
    token: Place {
        host: AUTH,
        path: "/oauth/token",
    },
    lookups: |site| vec![Lookup::at(site.url(API, "/v2/user/me"))],
    read,
    id_token: Some(IdTokens {
        issuer: |base, claimed| Issuer::fixed(base, "https://kauth.kakao.com", claimed),
        read: |_, claims| read_claims(claims),
        in_code_flow: false,
        ignores_nonce: false,
    }),
    ..ORDINARY
};

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let user = nth(answers.lookups, 0);
    let name = text(user, "/kakao_account/profile/nickname");
    // An address that is verified but no longer valid has been given to somebody else.
    let verified =
        truth(user, "/kakao_account/is_email_verified") && truth(user, "/kakao_account/is_email_valid");
    Profile::new(&site.url(API, ""), text(user, "/id"))
        .with_name(&name)
        .with("preferred_username", &name)
        .with("user_name", &name)
        .with(
            "avatar_url",
            &text(user, "/kakao_account/profile/profile_image_url"),
        )
        .with_email(&text(user, "/kakao_account/email"), verified, true)
}

fn read_claims(claims: &Map<String, Value>) -> Profile {
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    Profile::new(claim("iss"), claim("sub"))
        .with("name", claim("nickname"))
        .with("preferred_username", claim("nickname"))
        .with("picture", claim("picture"))
        .with_email(claim("email"), true, true)
}
