//! LinkedIn by OpenID Connect.

use serde_json::{Map, Value};

use super::{IdTokens, Issuer, ORDINARY, Place, Provider, below};
use crate::model::profile::{Profile, is_true};

const WEB: &str = "www.linkedin.com";

pub(super) static LINKEDIN_OIDC: Provider = Provider {
    name: "linkedin_oidc",
    scopes: &["openid", "email", "profile"],
    authorize: Place {
        host: WEB,
        path: "/oauth/v2/authorization",
    },
    token: Place {
        host: WEB,
        path: "/oauth/v2/accessToken",
    },
    id_token: Some(IdTokens {
        issuer,
        read: |_, claims| read(claims),
        in_code_flow: true,
        ignores_nonce: false,
    }),
    ..ORDINARY
};

/// The discovery document is not below the issuer.
fn issuer(base: Option<&str>, claimed: &str) -> Option<Issuer> {
    let discovery = format!(
        "{}/oauth",
        base.unwrap_or("https://www.linkedin.com").trim_end_matches('/')
    );
    let found = Issuer::fixed(base, "https://www.linkedin.com", claimed)
        .or_else(|| (claimed == discovery).then(|| Issuer::plain(claimed)))?;
    Some(Issuer {
        discovery: below(&discovery),
        ..found
    })
}

fn read(claims: &Map<String, Value>) -> Profile {
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let (given, family) = (claim("given_name"), claim("family_name"));
    Profile::new(claim("iss"), claim("sub"))
        .with("name", format!("{given} {family}").trim())
        .with("given_name", given)
        .with("family_name", family)
        .with("locale", claim("locale"))
        .with("picture", claim("picture"))
        .with_email(claim("email"), is_true(claims.get("email_verified")), true)
}
