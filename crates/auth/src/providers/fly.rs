//! Fly.io, for extensions of its platform.

use super::answer::{nth, text};
use super::{Answers, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const HOST: &str = "api.fly.io";

pub(super) static FLY: Provider = Provider {
    name: "fly",
    scopes: &["read"],
    authorize: Place {
        host: HOST,
        path: "/oauth/authorize",
    },
    token: Place {
        host: HOST,
        path: "/oauth/token",
    },
    lookups: |site| vec![Lookup::at(site.url(HOST, "/oauth/token/info"))],
    read,
    ..ORDINARY
};

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let user = nth(answers.lookups, 0);
    let mut profile = Profile::new(&site.url(HOST, ""), text(user, "/user_id"))
        .with("full_name", &text(user, "/user_name"))
        .with_email(&text(user, "/email"), true, true);
    for name in [
        "resource_owner_id",
        "organizations",
        "application",
        "scope",
        "created_at",
    ] {
        profile = profile.with_custom(name, user.get(name));
    }
    profile
}
