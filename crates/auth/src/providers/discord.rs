//! Discord.

use super::answer::{nth, text, truth};
use super::{Answers, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const HOST: &str = "discord.com";

pub(super) static DISCORD: Provider = Provider {
    name: "discord",
    scopes: &["email", "identify"],
    authorize: Place {
        host: HOST,
        path: "/api/oauth2/authorize",
    },
    token: Place {
        host: HOST,
        path: "/api/oauth2/token",
    },
    pkce: true,
    lookups: |site| vec![Lookup::at(site.url(HOST, "/api/users/@me"))],
    read,
    ..ORDINARY
};

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let user = nth(answers.lookups, 0);
    let (id, name, discriminator) = (
        text(user, "/id"),
        text(user, "/username"),
        text(user, "/discriminator"),
    );
    let picture = picture(&id, &text(user, "/avatar"), &discriminator);
    Profile::new(&site.url(HOST, "/api"), id)
        .with_picture(&picture)
        .with("name", &format!("{name}#{discriminator}"))
        .with("full_name", &name)
        .with_custom("global_name", user.get("global_name"))
        .with_email(&text(user, "/email"), truth(user, "/verified"), true)
}

/// Pictures have no URL in the answer, only a hash; without one there are five default pictures.
fn picture(id: &str, avatar: &str, discriminator: &str) -> String {
    if avatar.is_empty() {
        let number = discriminator.parse::<u32>().unwrap_or_default() % 5;
        return format!("https://cdn.discordapp.com/embed/avatars/{number}.png");
    }
    let extension = if avatar.starts_with("a_") { "gif" } else { "png" };
    format!("https://cdn.discordapp.com/avatars/{id}/{avatar}.{extension}")
}
