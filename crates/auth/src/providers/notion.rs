//! Notion: the integration is a bot, its owner the person.

use super::answer::{nth, text};
use super::{Answers, ClientAuth, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const HOST: &str = "api.notion.com";
const PERSON: &str = "/bot/owner/user";

pub(super) static NOTION: Provider = Provider {
    name: "notion",
    authorize: Place {
        host: HOST,
        path: "/v1/oauth/authorize",
    },
    token: Place {
        host: HOST,
        path: "/v1/oauth/token",
    },
    parameters: &[("owner", "user")],
    client_auth: ClientAuth::BasicJson,
    lookups: |site| {
        vec![Lookup {
            url: site.url(HOST, "/v1/users/me"),
            headers: vec![("notion-version", "2021-08-16".to_owned())],
        }]
    },
    read,
    ..ORDINARY
};

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let answer = nth(answers.lookups, 0);
    let field = |name: &str| text(answer, &format!("{PERSON}{name}"));
    Profile::new(&site.url(HOST, ""), field("/id"))
        .with_name(&field("/name"))
        .with_picture(&field("/avatar_url"))
        // Notion does not say; nobody gets in there without having answered a mail.
        .with_email(&field("/person/email"), true, true)
}
