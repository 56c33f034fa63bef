//! Zoom.

use serde_json::json;

use super::answer::{nth, text};
use super::{Answers, ClientAuth, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const AUTH: &str = "zoom.us";
const API: &str = "api.zoom.us";

/// Sign-in with an address and a password.
const BY_EMAIL: &str = "100";

pub(super) static ZOOM: Provider = Provider {
    name: "zoom",
    authorize: Place {
        host: AUTH,
        path: "/oauth/authorize",
    },
    token: Place {
        host: AUTH,
        path: "/oauth/token",
    },
    pkce: true,
    client_auth: ClientAuth::Basic,
    lookups: |site| vec![Lookup::at(site.url(API, "/v2/users/me"))],
    read,
    ..ORDINARY
};

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let user = nth(answers.lookups, 0);
    // People who came through another service were verified there.
    let verified = text(user, "/login_type") != BY_EMAIL || user.get("verified") == Some(&json!(1));
    Profile::new(&site.url(API, "/v2"), text(user, "/id"))
        .with_name(&format!(
            "{} {}",
            text(user, "/first_name"),
            text(user, "/last_name")
        ))
        .with_picture(&text(user, "/pic_url"))
        .with_email(&text(user, "/email"), verified, true)
}
