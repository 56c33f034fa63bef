//! Spotify. It lets people type any address, so none of its addresses proves anything.

use super::answer::{nth, text};
use super::{Answers, ClientAuth, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const AUTH: &str = "accounts.spotify.com";
const API: &str = "api.spotify.com/v1";

pub(super) static SPOTIFY: Provider = Provider {
    name: "spotify",
    scopes: &["user-read-email"],
    authorize: Place {
        host: AUTH,
        path: "/authorize",
    },
    token: Place {
        host: AUTH,
        path: "/api/token",
    },
    pkce: true,
    client_auth: ClientAuth::Basic,
    lookups: |site| vec![Lookup::at(site.url(API, "/me"))],
    read,
    ..ORDINARY
};

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let user = nth(answers.lookups, 0);
    Profile::new(&site.url(API, ""), text(user, "/id"))
        .with_name(&text(user, "/display_name"))
        .with_picture(&text(user, "/images/0/url"))
        .with_email(&text(user, "/email"), false, true)
}
