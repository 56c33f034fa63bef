//! `auth.email.url_paths` and `auth.email.external_hosts`: ours, for the original's variables.

use ferrobase_config::Section;
use url::Url;

use super::{Result, wrong};
use crate::config::MailLinks;

pub(super) fn load(email: &Section<'_>) -> Result<MailLinks> {
    let external_hosts = email
        .get("external_hosts")
        .or_env("GOTRUE_MAILER_EXTERNAL_HOSTS")
        .string_list()?
        .unwrap_or_default();
    if !external_hosts.iter().all(|host| is_host(host)) {
        return Err(wrong(
            email,
            "external_hosts",
            "GOTRUE_MAILER_EXTERNAL_HOSTS",
            "hosts such as \"api.example.com\", each with or without a port",
        ));
    }
    let paths = email.section("url_paths");
    let path = |key: &str| -> Result<Option<String>> {
        let variable = format!("GOTRUE_MAILER_URLPATHS_{}", key.to_ascii_uppercase());
        let path = paths.get(key).or_env(&variable).string()?;
        let Some(path) = path.filter(|path| !path.is_empty()) else {
            return Ok(None);
        };
        let example = Url::parse("http://localhost/auth/v1").ok();
        match example.and_then(|example| example.join(&path).ok()) {
            Some(url) if url.query().is_none() && url.fragment().is_none() => Ok(Some(path)),
            _ => Err(wrong(
                &paths,
                key,
                &variable,
                "a path without a query, such as \"/auth/v1/verify\"",
            )),
        }
    };
    Ok(MailLinks {
        external_hosts,
        invite: path("invite")?,
        confirmation: path("confirmation")?,
        recovery: path("recovery")?,
        email_change: path("email_change")?,
    })
}

/// A host, perhaps with a port, and nothing else.
fn is_host(host: &str) -> bool {
    Url::parse(&format!("https://{host}/")).is_ok_and(|url| {
        url.path() == "/"
            && url.username().is_empty()
            && url.password().is_none()
            && !host.contains(['/', '?', '#', '@', '\\'])
    })
}
