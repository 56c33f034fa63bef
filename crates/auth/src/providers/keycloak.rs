//! Keycloak; the settings' `url` is the realm.

use super::answer::{nth, text, truth};
use super::{Answers, IdTokens, Issuer, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

pub(super) static KEYCLOAK: Provider = Provider {
    name: "keycloak",
    scopes: &["profile", "email"],
    authorize: Place {
        host: "",
        path: "/protocol/openid-connect/auth",
    },
    token: Place {
        host: "",
        path: "/protocol/openid-connect/token",
    },
    pkce: true,
    lookups: |site| vec![Lookup::at(site.url("", "/protocol/openid-connect/userinfo"))],
    read,
    id_token: Some(IdTokens {
        issuer: |base, claimed| Issuer::fixed(base, "", claimed).filter(|issuer| !issuer.id.is_empty()),
        read: |_, claims| Profile::from_claims(claims),
        in_code_flow: false,
        ignores_nonce: false,
    }),
    ..ORDINARY
};

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let user = nth(answers.lookups, 0);
    Profile::new(&site.url("", ""), text(user, "/sub"))
        .with_name(&text(user, "/name"))
        .with_email(&text(user, "/email"), truth(user, "/email_verified"), true)
}
