//! The links of mails (auth.md 19.1).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::config::MailLinks;

/// Characters that stay as they are in a query value that has to be escaped.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The link of a mail: to where the API is reached (`api`), with the path configured for its kind. The redirect target is
/// escaped only where it has to be, as in the original.
pub fn link(links: &MailLinks, api: &Url, link_type: &str, hash: &str, redirect_to: &str) -> String {
    let target = if redirect_to.contains(['&', '=', '#']) {
        utf8_percent_encode(redirect_to, QUERY).to_string()
    } else {
        redirect_to.to_owned()
    };
    let path = match link_type {
        "invite" => &links.invite,
        "magiclink" | "recovery" => &links.recovery,
        "email_change" => &links.email_change,
        _ => &links.confirmation,
    };
    // As a browser resolves a reference: an absolute path replaces the one of the API.
    let base = match path.as_deref().map(|path| api.join(path)) {
        Some(Ok(url)) => url.to_string(),
        _ => format!("{}/verify", api.as_str().trim_end_matches('/')),
    };
    format!("{base}?token={hash}&type={link_type}&redirect_to={target}")
}

/// Where a client reached the API, if that is one of the hosts from which links may lead
/// (`auth.email.external_hosts`): the header of the proxy before us, else the host asked for. TLS is taken for granted,
/// except on this machine.
pub fn reached(
    links: &MailLinks,
    api: &Url,
    forwarded_host: Option<&str>,
    host: Option<&str>,
    forwarded_proto: Option<&str>,
) -> Option<Url> {
    let asked = forwarded_host.or(host)?;
    let known = links
        .external_hosts
        .iter()
        .find(|known| known.eq_ignore_ascii_case(asked))?;
    let name = known.split(':').next().unwrap_or(known);
    let is_plain = name == "localhost" && forwarded_proto.unwrap_or(api.scheme()) == "http";
    let scheme = if is_plain { "http" } else { "https" };
    Url::parse(&format!("{scheme}://{known}{}", api.path())).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn api() -> Url {
        "http://h/auth/v1".parse().unwrap()
    }

    #[test]
    fn redirect_targets_are_escaped_where_they_must_be() {
        let link = |target| link(&MailLinks::default(), &api(), "magiclink", "pkce_ab", target);
        assert_eq!(
            link("http://app/x"),
            "http://h/auth/v1/verify?token=pkce_ab&type=magiclink&redirect_to=http://app/x"
        );
        assert!(link("http://app/x?a=1").ends_with("&redirect_to=http%3A%2F%2Fapp%2Fx%3Fa%3D1"));
    }

    #[test]
    fn paths_are_resolved_as_references() {
        let links = MailLinks {
            invite: Some("/welcome".to_owned()),
            recovery: Some("reset".to_owned()),
            email_change: Some("https://app.example/change".to_owned()),
            ..MailLinks::default()
        };
        for (kind, expected) in [
            ("signup", "http://h/auth/v1/verify?"),
            ("invite", "http://h/welcome?"),
            ("recovery", "http://h/auth/reset?"),
            ("magiclink", "http://h/auth/reset?"),
            ("email_change", "https://app.example/change?"),
        ] {
            let link = link(&links, &api(), kind, "ab", "http://app");
            assert!(link.starts_with(expected), "{kind}: {link}");
        }
    }

    #[test]
    fn only_known_hosts_come_into_links() {
        let links = MailLinks {
            external_hosts: vec!["api.example".to_owned(), "localhost:54321".to_owned()],
            ..MailLinks::default()
        };
        let reached = |forwarded, host, proto| {
            reached(&links, &api(), forwarded, host, proto).map(|url| url.to_string())
        };
        let ours = "https://api.example/auth/v1";
        assert_eq!(reached(Some("API.example"), None, None).as_deref(), Some(ours));
        assert_eq!(
            reached(None, Some("api.example"), Some("http")).as_deref(),
            Some(ours)
        );
        let local = "http://localhost:54321/auth/v1";
        assert_eq!(
            reached(None, Some("localhost:54321"), None).as_deref(),
            Some(local)
        );
        for strange in [
            "evil.example",
            "api.example.evil.example",
            "api.example/x",
            "x@api.example",
            "",
        ] {
            assert_eq!(
                reached(Some(strange), Some("api.example"), None),
                None,
                "{strange}"
            );
        }
        assert_eq!(reached(None, None, None), None);
    }
}
