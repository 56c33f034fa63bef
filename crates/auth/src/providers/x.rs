//! X by OAuth 2.0, which it gives to nobody without PKCE.

use super::answer::{nth, text};
use super::{Answers, ClientAuth, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const API: &str = "api.x.com";

pub(super) static X: Provider = Provider {
    name: "x",
    scopes: &["users.email", "tweet.read", "users.read", "offline.access"],
    authorize: Place {
        host: "x.com",
        path: "/i/oauth2/authorize",
    },
    token: Place {
        host: API,
        path: "/2/oauth2/token",
    },
    pkce: true,
    client_auth: ClientAuth::Basic,
    lookups: |site| {
        let path =
            "/2/users/me?user.fields=id,name,username,confirmed_email,profile_image_url,url,created_at";
        vec![Lookup::at(site.url(API, path))]
    },
    read,
    ..ORDINARY
};

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let answer = nth(answers.lookups, 0);
    let field = |name: &str| text(answer, &format!("/data/{name}"));
    let username = field("username");
    Profile::new(&site.url(API, ""), field("id"))
        .with_name(&field("name"))
        .with_picture(&field("profile_image_url"))
        .with("preferred_username", &username)
        .with("user_name", &username)
        .with("profile", &format!("https://x.com/{username}"))
        .with("website", &field("url"))
        .with_custom("created_at", answer.pointer("/data/created_at"))
        .with_email(&field("confirmed_email"), true, true)
}
