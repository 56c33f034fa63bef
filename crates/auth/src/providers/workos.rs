//! WorkOS. The person comes with the token; which connection to use is up to the caller's query
//! (`connection`, `organization` or `workos_provider`).

use super::answer::text;
use super::{Answers, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const HOST: &str = "api.workos.com";

pub(super) static WORKOS: Provider = Provider {
    name: "workos",
    authorize: Place {
        host: HOST,
        path: "/sso/authorize",
    },
    token: Place {
        host: HOST,
        path: "/sso/token",
    },
    read,
    ..ORDINARY
};

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let field = |name: &str| text(answers.token, &format!("/profile/{name}"));
    let custom = |name: &str| answers.token.pointer(&format!("/profile/{name}"));
    Profile::new(&site.url(HOST, ""), field("id"))
        .with_name(&format!("{} {}", field("first_name"), field("last_name")))
        .with_custom("connection_id", custom("connection_id"))
        .with_custom("organization_id", custom("organization_id"))
        .with_email(&field("email"), true, true)
}
