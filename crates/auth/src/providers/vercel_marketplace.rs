//! Vercel Marketplace integrations.

use serde_json::{Map, Value};

use super::{IdTokens, Issuer, ORDINARY, Place, Provider};
use crate::model::profile::Profile;

const API: &str = "api.vercel.com";

pub(super) static VERCEL_MARKETPLACE: Provider = Provider {
    name: "vercel_marketplace",
    authorize: Place {
        host: API,
        path: "/oauth/v2/authorization",
    },
    token: Place {
        host: API,
        path: "/oauth/v2/accessToken",
    },
    id_token: Some(IdTokens {
        issuer: |base, claimed| Issuer::fixed(base, "https://marketplace.vercel.com", claimed),
        read: |_, claims| read(claims),
        in_code_flow: true,
        ignores_nonce: false,
    }),
    ..ORDINARY
};

fn read(claims: &Map<String, Value>) -> Profile {
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    // `sub` is per installation; the global id is the person.
    let subject = match claim("global_user_id") {
        "" => claim("sub").to_owned(),
        global => format!("global_user_id:{global}"),
    };
    Profile::new(claim("iss"), subject)
        .with("name", claim("user_name"))
        .with("picture", claim("user_avatar_url"))
        .with_email(claim("user_email"), true, true)
}
