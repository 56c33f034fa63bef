//! Bitbucket Cloud.

use super::answer::{items, nth, text, truth};
use super::{Answers, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const API: &str = "api.bitbucket.org";

pub(super) static BITBUCKET: Provider = Provider {
    name: "bitbucket",
    scopes: &["account", "email"],
    authorize: Place {
        host: "bitbucket.org",
        path: "/site/oauth2/authorize",
    },
    token: Place {
        host: "bitbucket.org",
        path: "/site/oauth2/access_token",
    },
    lookups: |site| {
        vec![
            Lookup::at(site.url(API, "/2.0/user")),
            Lookup::at(site.url(API, "/2.0/user/emails")),
        ]
    },
    read,
    ..ORDINARY
};

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let user = nth(answers.lookups, 0);
    let mut profile = Profile::new(&site.url(API, "/2.0"), text(user, "/uuid"))
        .with_name(&text(user, "/display_name"))
        .with_picture(&text(user, "/avatar/href"));
    for email in items(nth(answers.lookups, 1), "/values") {
        let (confirmed, primary) = (truth(email, "/is_confirmed"), truth(email, "/is_primary"));
        profile = profile.with_email(&text(email, "/email"), confirmed, primary);
    }
    profile
}
