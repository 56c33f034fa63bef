//! Slack: the older flow, and Sign in with Slack (`slack_oidc`). Both end at the same user-info endpoint.

use super::answer::{nth, text};
use super::{Answers, Lookup, ORDINARY, Place, Provider, Site};
use crate::model::profile::Profile;

const HOST: &str = "slack.com";

pub(super) static SLACK: Provider = Provider {
    name: "slack",
    authorize: Place {
        host: HOST,
        path: "/oauth/authorize",
    },
    token: Place {
        host: HOST,
        path: "/api/oauth.access",
    },
    ..BOTH
};

pub(super) static SLACK_OIDC: Provider = Provider {
    name: "slack_oidc",
    authorize: Place {
        host: HOST,
        path: "/openid/connect/authorize",
    },
    token: Place {
        host: HOST,
        path: "/api/openid.connect.token",
    },
    ..BOTH
};

const BOTH: Provider = Provider {
    scopes: &["profile", "email", "openid"],
    lookups: |site| vec![Lookup::at(site.url(HOST, "/api/openid.connect.userInfo"))],
    read,
    ..ORDINARY
};

fn read(site: &Site<'_>, answers: &Answers<'_>) -> Profile {
    let user = nth(answers.lookups, 0);
    // `/` is written `~1` in a JSON pointer.
    Profile::new(
        &site.url(HOST, "/api"),
        text(user, "/https:~1~1slack.com~1user_id"),
    )
    .with_name(&text(user, "/name"))
    .with_picture(&text(user, "/picture"))
    .with_custom("https://slack.com/team_id", user.get("https://slack.com/team_id"))
    // Slack lets nobody into a workspace before the address is confirmed.
    .with_email(&text(user, "/email"), true, true)
}
