//! GitHub, and GitHub Enterprise Server at the settings' `url`.

use super::answer::{items, nth, text, truth};
use super::{Answers, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const HOST: &str = "github.com";

pub(super) static GITHUB: Provider = Provider {
    name: "github",
    scopes: &["user:email"],
    authorize: Place {
        host: HOST,
        path: "/login/oauth/authorize",
    },
    token: Place {
        host: HOST,
        path: "/login/oauth/access_token",
    },
    pkce: true,
    lookups: |site| {
        vec![
            Lookup::at(format!("{}/user", api(site))),
            Lookup::at(format!("{}/user/emails", api(site))),
        ]
    },
    read,
    ..ORDINARY
};

/// An own server has its API below a path instead of on a host.
fn api(site: &Site<'_>) -> String {
    let path = if site.base.is_some() { "/api/v3" } else { "" };
    site.url("api.github.com", path)
}

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let user = nth(answers.lookups, 0);
    let login = text(user, "/login");
    let mut profile = Profile::new(&api(site), text(user, "/id"))
        .with_name(&text(user, "/name"))
        .with("avatar_url", &text(user, "/avatar_url"))
        .with("preferred_username", &login)
        .with("user_name", &login);
    // The address of the profile page is not proved; only the list says what is.
    for email in items(nth(answers.lookups, 1), "") {
        let (verified, primary) = (truth(email, "/verified"), truth(email, "/primary"));
        profile = profile.with_email(&text(email, "/email"), verified, primary);
    }
    profile
}
