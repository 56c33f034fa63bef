//! GitLab, the public one or an own one at the settings' `url`.

use super::answer::{items, nth, text};
use super::{Answers, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const HOST: &str = "gitlab.com";

pub(super) static GITLAB: Provider = Provider {
    name: "gitlab",
    scopes: &["read_user"],
    authorize: Place {
        host: HOST,
        path: "/oauth/authorize",
    },
    token: Place {
        host: HOST,
        path: "/oauth/token",
    },
    pkce: true,
    lookups: |site| {
        vec![
            Lookup::at(site.url(HOST, "/api/v4/user")),
            Lookup::at(site.url(HOST, "/api/v4/user/emails")),
        ]
    },
    read,
    ..ORDINARY
};

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let user = nth(answers.lookups, 0);
    let confirmed = !text(user, "/confirmed_at").is_empty();
    let mut profile = Profile::new(&site.url(HOST, ""), text(user, "/id"))
        .with_name(&text(user, "/name"))
        .with_picture(&text(user, "/avatar_url"))
        .with_email(&text(user, "/email"), confirmed, true);
    // Whether further addresses are confirmed is not told.
    for email in items(nth(answers.lookups, 1), "") {
        profile = profile.with_email(&text(email, "/email"), false, false);
    }
    profile
}
