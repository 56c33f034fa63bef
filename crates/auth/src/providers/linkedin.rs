//! LinkedIn's older API, for apps that still have its scopes; new apps use `linkedin_oidc`.

use serde_json::Value;

use super::answer::{items, nth, text};
use super::{Answers, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const WEB: &str = "www.linkedin.com";
const API: &str = "api.linkedin.com";

pub(super) static LINKEDIN: Provider = Provider {
    name: "linkedin",
    scopes: &["r_emailaddress", "r_liteprofile"],
    authorize: Place {
        host: WEB,
        path: "/oauth/v2/authorization",
    },
    token: Place {
        host: WEB,
        path: "/oauth/v2/accessToken",
    },
    lookups: |site| {
        let user = "/v2/me?projection=(id,firstName,lastName,profilePicture(displayImage~:playableStreams))";
        let email = "/v2/emailAddress?q=members&projection=(elements*(handle~))";
        vec![Lookup::at(site.url(API, user)), Lookup::at(site.url(API, email))]
    },
    read,
    ..ORDINARY
};

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let user = nth(answers.lookups, 0);
    let (first, last) = (localized(user, "firstName"), localized(user, "lastName"));
    // `~` is written `~0` in a JSON pointer.
    let picture = text(
        user,
        "/profilePicture/displayImage~0/elements/0/identifiers/0/identifier",
    );
    let email = items(nth(answers.lookups, 1), "/elements").first();
    Profile::new(&site.url(API, ""), text(user, "/id"))
        .with_name(&format!("{first} {last}"))
        .with_picture(&picture)
        // The primary address, which LinkedIn verified.
        .with_email(
            &email
                .map(|email| text(email, "/handle~0/emailAddress"))
                .unwrap_or_default(),
            true,
            true,
        )
}

/// The name in the language that the person prefers.
fn localized(user: &Value, name: &str) -> String {
    let part = |part: &str| text(user, &format!("/{name}/preferredLocale/{part}"));
    text(
        user,
        &format!("/{name}/localized/{}_{}", part("language"), part("country")),
    )
}
