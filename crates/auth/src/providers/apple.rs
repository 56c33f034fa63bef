//! Sign in with Apple. The person is in the ID token; the name comes once, with the first callback, in the form field
//! `user`. The client secret is a JWT that the project made.

use serde_json::{Map, Value};

use super::answer::text;
use super::{IdTokens, Issuer, ORDINARY, Place, Provider};
use crate::model::profile::{Profile, is_true};

const HOST: &str = "appleid.apple.com";

pub(super) static APPLE: Provider = Provider {
    name: "apple",
    scopes: &["email", "name"],
    authorize: Place {
        host: HOST,
        path: "/auth/authorize",
    },
    token: Place {
        host: HOST,
        path: "/auth/token",
    },
    // With scopes Apple answers by POST only.
    parameters: &[("response_mode", "form_post")],
    id_token: Some(IdTokens {
        issuer: |base, claimed| {
            // Tokens of Apple's account service come from a second host.
            let second = base.is_none() && claimed == "https://account.apple.com";
            if second {
                return Some(Issuer::plain(claimed));
            }
            Issuer::fixed(base, "https://appleid.apple.com", claimed)
        },
        read: |_, claims| read(claims),
        in_code_flow: true,
        ignores_nonce: false,
    }),
    ..ORDINARY
};

fn read(claims: &Map<String, Value>) -> Profile {
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let private = claims
        .get("is_private_email")
        .map(|value| Value::Bool(is_true(Some(value))));
    Profile::new(claim("iss"), claim("sub"))
        // Apple hands out only addresses that it verified or made itself.
        .with_email(claim("email"), true, true)
        .with_custom("is_private_email", private.as_ref())
        .with_custom("auth_time", claims.get("auth_time"))
}

/// Adds the name of the first callback's `user` field, which is JSON that the browser carried: good for a name, for
/// nothing else.
pub fn add_name(profile: Profile, user: &str) -> Profile {
    let Ok(user) = serde_json::from_str::<Value>(user) else {
        return profile;
    };
    let (first, last) = (text(&user, "/name/firstName"), text(&user, "/name/lastName"));
    profile.with_name(&format!("{first} {last}"))
}
