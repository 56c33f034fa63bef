//! Facebook: the Graph API, and the ID tokens of Limited Login.

use data_encoding::HEXLOWER;
use ferrobase_jwt::hmac_sha256;
use serde_json::{Map, Value};

use super::answer::{nth, text};
use super::{Answers, IdTokens, Issuer, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const GRAPH: &str = "graph.facebook.com";

pub(super) static FACEBOOK: Provider = Provider {
    name: "facebook",
    scopes: &["email"],
    authorize: Place {
        host: "www.facebook.com",
        path: "/dialog/oauth",
    },
    token: Place {
        host: GRAPH,
        path: "/oauth/access_token",
    },
    lookups,
    read,
    id_token: Some(IdTokens {
        issuer: |base, claimed| Issuer::fixed(base, "https://www.facebook.com", claimed),
        read: |_, claims| read_claims(claims),
        // With the scope `openid` there may be one, but the Graph API knows more.
        in_code_flow: false,
        ignores_nonce: true,
    }),
    ..ORDINARY
};

/// The proof shows that the token is used by whoever knows the app's secret.
fn lookups(site: &Site<'_>) -> Vec<Lookup> {
    let proof = HEXLOWER.encode(&hmac_sha256(
        site.secret.as_bytes(),
        &[site.access_token.as_bytes()],
    ));
    let fields = "/me?fields=email,first_name,last_name,name,picture&appsecret_proof=";
    vec![Lookup::at(site.url(GRAPH, &format!("{fields}{proof}")))]
}

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let user = nth(answers.lookups, 0);
    let (first, last) = (text(user, "/first_name"), text(user, "/last_name"));
    let alias = text(user, "/name");
    Profile::new(&site.url(GRAPH, "/me"), text(user, "/id"))
        .with_name(&format!("{first} {last}"))
        .with_picture(&text(user, "/picture/data/url"))
        .with("nickname", &alias)
        .with("slug", &alias)
        // Facebook shows only confirmed addresses.
        .with_email(&text(user, "/email"), true, true)
}

fn read_claims(claims: &Map<String, Value>) -> Profile {
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    Profile::new(claim("iss"), claim("sub"))
        .with("name", claim("name"))
        .with("picture", claim("picture"))
        .with_email(claim("email"), true, true)
}
