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

/// Microsoft's own tenant, of personal accounts, whose addresses it verifies.
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// The administrator of any tenant can write any address. `xms_edov` says whether the tenant owns the address's domain; it
/// is an optional claim that the app has to ask for. Without it the original trusts every address; here only those of the
/// one tenant that the settings name and of personal accounts count, or a stranger's tenant could open anybody's account.
fn is_verified(base: Option<&str>, claims: &Map<String, Value>) -> bool {
    if let Some(claim) = claims.get("xms_edov") {
        return is_true(Some(claim));
    }
    let named = base.map(|base| base.trim_end_matches('/').rsplit('/').next().unwrap_or_default());
    let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
    named.is_some_and(|named| !MANY_TENANTS.contains(&named)) || tenant(issuer) == Some(PERSONAL)
}

fn read(base: Option<&str>, claims: &Map<String, Value>) -> Profile {
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let verified = is_verified(base, claims);
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
