//! Microsoft Entra ID. Only ID tokens are trusted; their issuer names the tenant.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::{IdTokens, Issuer, ORDINARY, Place, Provider};
use crate::model::profile::{Profile, is_true};

const HOST: &str = "login.microsoftonline.com/common";

pub(super) static AZURE: Provider = Provider {
    name: "azure",
    scopes: &["openid"],
    authorize: Place {
        host: HOST,
        path: "/oauth2/v2.0/authorize",
    },
    token: Place {
        host: HOST,
        path: "/oauth2/v2.0/token",
    },
    pkce: true,
    id_token: Some(IdTokens {
        issuer,
        read,
        in_code_flow: true,
        ignores_nonce: false,
    }),
    ..ORDINARY
};

/// Names that stand for every tenant and issue nothing themselves.
const MANY_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

fn tenant(issuer: &str) -> Option<&str> {
    static PATTERN: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^https://login\.microsoftonline\.com/([^/]+)/v2\.0/?$").ok());
    let found = PATTERN.as_ref()?.captures(issuer)?;
    found.get(1).map(|tenant| tenant.as_str())
}

/// A project that names its tenant accepts only that one; any other project accepts every tenant of Microsoft's.
fn issuer(base: Option<&str>, claimed: &str) -> Option<Issuer> {
    let own = base.map(|base| format!("{}/v2.0", base.trim_end_matches('/')));
    match own {
        Some(own) if tenant(&own).is_none_or(|tenant| !MANY_TENANTS.contains(&tenant)) => {
            (own == claimed).then(|| Issuer::plain(claimed))
        }
        _ => tenant(claimed)
            .filter(|tenant| !MANY_TENANTS.contains(tenant))
            .map(|_| Issuer::plain(claimed)),
    }
}

/// Claims that say nothing about the person, or have a place of their own.
const NOT_CUSTOM: [&str; 16] = [
    "aud",
    "iss",
    "iat",
    "nbf",
    "exp",
    "c_hash",
    "at_hash",
    "aio",
    "nonce",
    "rh",
    "uti",
    "jti",
    "ver",
    "sub",
    "name",
    "preferred_username",
];

fn read(claims: &Map<String, Value>) -> Profile {
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    // Without the optional claim `xms_edov` the original trusts the address. So do we: who opens the app to every
    // tenant is told by the documentation to ask for the claim, as an administrator of any tenant may write any address.
    let verified = claims.get("xms_edov").is_none_or(|claim| is_true(Some(claim)));
    let mut profile = Profile::new(claim("iss"), claim("sub"))
        .with("full_name", claim("name"))
        .with("preferred_username", claim("preferred_username"))
        .with_email(claim("email"), verified, true);
    for (name, value) in claims
        .iter()
        .filter(|(name, _)| !NOT_CUSTOM.contains(&name.as_str()))
    {
        profile = profile.with_custom(name, Some(value));
    }
    profile
}
