//! Figma.

use super::answer::{nth, text};
use super::{Answers, ClientAuth, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const API: &str = "api.figma.com";

pub(super) static FIGMA: Provider = Provider {
    name: "figma",
    scopes: &["current_user:read"],
    authorize: Place {
        host: "www.figma.com",
        path: "/oauth",
    },
    token: Place {
        host: API,
        path: "/v1/oauth/token",
    },
    pkce: true,
    client_auth: ClientAuth::Basic,
    lookups: |site| vec![Lookup::at(site.url(API, "/v1/me"))],
    read,
    ..ORDINARY
};

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let user = nth(answers.lookups, 0);
    Profile::new(&site.url(API, ""), text(user, "/id"))
        .with_name(&text(user, "/handle"))
        .with("avatar_url", &text(user, "/img_url"))
        .with_email(&text(user, "/email"), true, true)
}
