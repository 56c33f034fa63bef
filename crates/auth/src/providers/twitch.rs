//! Twitch.

use super::answer::{nth, text};
use super::{Answers, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const AUTH: &str = "id.twitch.tv";
const API: &str = "api.twitch.tv";

pub(super) static TWITCH: Provider = Provider {
    name: "twitch",
    scopes: &["user:read:email"],
    authorize: Place {
        host: AUTH,
        path: "/oauth2/authorize",
    },
    token: Place {
        host: AUTH,
        path: "/oauth2/token",
    },
    lookups: |site| {
        vec![Lookup {
            url: site.url(API, "/helix/users"),
            headers: vec![("client-id", site.client_id.to_owned())],
        }]
    },
    read,
    ..ORDINARY
};

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let answer = nth(answers.lookups, 0);
    let field = |name: &str| text(answer, &format!("/data/0/{name}"));
    let display_name = field("display_name");
    let mut profile = Profile::new(&site.url(API, ""), field("id"))
        .with_name(&field("login"))
        .with_picture(&field("profile_image_url"))
        .with("nickname", &display_name)
        .with("slug", &display_name)
        .with_email(&field("email"), true, true);
    for name in [
        "broadcaster_type",
        "description",
        "type",
        "offline_image_url",
        "view_count",
    ] {
        profile = profile.with_custom(name, answer.pointer(&format!("/data/0/{name}")));
    }
    profile
}
