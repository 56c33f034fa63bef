//! Snapchat. It rarely tells an e-mail: `email_optional` belongs to it.

use url::form_urlencoded::byte_serialize;

use super::answer::{nth, text};
use super::{Answers, IdTokens, Issuer, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const HOST: &str = "accounts.snapchat.com";
const ISSUER: &str = "https://accounts.snapchat.com/accounts/oauth2/token";

pub(super) static SNAPCHAT: Provider = Provider {
    name: "snapchat",
    scopes: &[
        "https://auth.snapchat.com/oauth2/api/user.external_id",
        "https://auth.snapchat.com/oauth2/api/user.display_name",
        "https://auth.snapchat.com/oauth2/api/user.bitmoji.avatar",
    ],
    authorize: Place {
        host: HOST,
        path: "/accounts/oauth2/auth",
    },
    token: Place {
        host: HOST,
        path: "/accounts/oauth2/token",
    },
    lookups: |site| {
        let query = "{me { externalId displayName bitmoji { avatar id } email } }";
        let query: String = byte_serialize(query.as_bytes()).collect();
        vec![Lookup::at(
            site.url("kit.snapchat.com", &format!("/v1/me?query={query}")),
        )]
    },
    read,
    id_token: Some(IdTokens {
        issuer: |base, claimed| Issuer::fixed(base, ISSUER, claimed),
        read: |_, claims| Profile::from_claims(claims),
        in_code_flow: false,
        ignores_nonce: false,
    }),
    ..ORDINARY
};

fn read(_: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let answer = nth(answers.lookups, 0);
    let name = text(answer, "/data/me/displayName");
    Profile::new(ISSUER, text(answer, "/data/me/externalId"))
        .with_name(&name)
        .with("slug", &name)
        .with_picture(&text(answer, "/data/me/bitmoji/avatar"))
        .with_email(&text(answer, "/data/me/email"), true, true)
}
