//! Where a browser may be sent (auth.md 12.3).

use std::net::IpAddr;

use url::{Host, Url};

use crate::config::AuthConfig;

mod glob;

pub(crate) use glob::Glob;

/// Longest target that is looked at, in bytes; matching costs time in proportion.
const LONGEST: usize = 4096;

/// Schemes that run or read something on the user's machine instead of leading to an app: no list makes them right.
const RUNS_OR_READS: [&str; 11] = [
    "javascript",
    "vbscript",
    "livescript",
    "data",
    "blob",
    "file",
    "filesystem",
    "about",
    "view-source",
    "jar",
    "mhtml",
];

/// The first valid one of the asked-for target, the page the request came from, and the site itself.
pub fn choose(config: &AuthConfig, requested: Option<&str>, referer: Option<&str>) -> String {
    [requested, referer]
        .into_iter()
        .flatten()
        .find(|target| is_allowed(config, target))
        .map_or_else(|| site(config), str::to_owned)
}

/// The site URL as it was written: the parser's slash after a bare host is taken off again.
pub fn site(config: &AuthConfig) -> String {
    let text = config.site_url.as_str();
    let bare = config.site_url.path() == "/" && config.site_url.query().is_none();
    if bare { text.trim_end_matches('/') } else { text }.to_owned()
}

/// Whether a browser may be sent there, or come from there.
pub fn is_allowed(config: &AuthConfig, target: &str) -> bool {
    let Some(url) = parse(target) else { return false };
    if is_same_site(&config.site_url, &url) {
        return true;
    }
    let is_web = matches!(url.scheme(), "http" | "https");
    // Before `parse` let an address through it was loopback; other schemes must be on the list whatever their host.
    if is_web && matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_))) {
        return true;
    }
    let without_fragment = target.split_once('#').map_or(target, |(before, _)| before);
    // A pattern that does not parse was refused at start, so it cannot be here.
    config.redirect_allow_list.iter().any(|pattern| {
        let matches = |pattern: &str, text| Glob::parse(pattern).is_ok_and(|glob| glob.matches(text));
        matches(pattern, without_fragment)
            && authority_pattern(pattern).is_none_or(|pattern| matches(pattern, written_authority(target)))
    })
}

/// The part of a pattern that is about host and port. It is matched on its own as well: `https://*.ours/**` matches the text
/// `https://evil?.ours/`, in which everything after the host is a query. `None` where the pattern has no such part, or one in
/// which a query could begin.
fn authority_pattern(pattern: &str) -> Option<&str> {
    let (_, rest) = pattern.split_once("://")?;
    let mut depth = 0_usize;
    let end = rest.find(|c: char| {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '/' && depth == 0
    });
    let authority = &rest[..end.unwrap_or(rest.len())];
    (!authority.contains(['?', '\\'])).then_some(authority)
}

/// An absolute URL whose host is what it looks like. A browser reads `http://2130706433` and `http://127.1` as addresses and
/// drops tabs and turns `\` into `/`; such spellings have no honest use here, nor has `user@` in front of a host.
fn parse(target: &str) -> Option<Url> {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && c != '\\';
    if target.is_empty() || target.len() > LONGEST || !target.chars().all(plain) {
        return None;
    }
    let url = Url::parse(target).ok()?;
    if RUNS_OR_READS.contains(&url.scheme()) || has_devious_path(target) {
        return None;
    }
    let written = written_host(target);
    if !written.is_empty() && written.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let is_web = matches!(url.scheme(), "http" | "https");
    if is_web && written_authority(target).contains('@') {
        return None;
    }
    let normalised_to_address = matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)));
    match written.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => address.is_loopback().then_some(url),
        Err(_) if normalised_to_address => None,
        Err(_) if is_web && !is_host_name(written) => None,
        Err(_) => Some(url),
    }
}

/// Whether the path leads elsewhere than it says: up, or through separators that only a server sees as such.
fn has_devious_path(target: &str) -> bool {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    let path = rest
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let hidden = ["%2f", "%5c", "%00", "%09", "%0a", "%0d", "%25"];
    // The first part is the host.
    let mut segments = path.split('/').skip(1).map(|segment| segment.replace("%2e", "."));
    hidden.iter().any(|hidden| path.contains(hidden))
        || segments.any(|segment| matches!(segment.split(';').next(), Some("." | "..")))
}

/// Host and port as they were written.
fn written_authority(target: &str) -> &str {
    let Some((_, rest)) = target.split_once("://") else {
        return "";
    };
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// The host between `//` and the port, before any normalisation.
fn written_host(target: &str) -> &str {
    let authority = written_authority(target);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_host_name(host: &str) -> bool {
    let bytes = host.as_bytes();
    let is_end = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    is_end(bytes.first())
        && is_end(bytes.last())
        && bytes
            .iter()
            .all(|&b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
}

fn is_same_site(site: &Url, url: &Url) -> bool {
    let same_host = site.scheme() == url.scheme() && site.host().is_some() && site.host() == url.host();
    same_host && (is_loopback(url) || site.port_or_known_default() == url.port_or_known_default())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod hostile;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SITE: &str = "https://app.example.com";

    pub(super) fn config(site: &str, allowed: &[&str]) -> AuthConfig {
        let list = allowed
            .iter()
            .map(|p| format!("'{p}'"))
            .collect::<Vec<_>>()
            .join(",");
        let toml = format!("[auth]\nsite_url = \"{site}\"\nadditional_redirect_urls = [{list}]\n");
        let config = ferrobase_config::Config::from_toml_str(&toml).unwrap();
        AuthConfig::load(&config, Url::parse("http://127.0.0.1:54321/auth/v1").unwrap()).unwrap()
    }

    fn allowed(site: &str, list: &[&str], target: &str) -> bool {
        choose(&config(site, list), Some(target), None) == target
    }

    #[test]
    fn the_site_is_allowed_with_any_path() {
        for good in [
            "https://app.example.com/a/b?c#d",
            "https://app.example.com",
            "https://APP.example.com:443/x",
        ] {
            assert!(allowed(SITE, &[], good), "{good}");
        }
        for bad in [
            "http://app.example.com/",
            "https://app.example.com:8443/",
            "https://example.com/",
            "https://app.example.com.evil.io/",
        ] {
            assert!(!allowed(SITE, &[], bad), "{bad}");
        }
        assert!(allowed("http://localhost:3000", &[], "http://localhost:5173/x"));
        assert!(!allowed("http://localhost:3000", &[], "https://localhost:3000/x"));
    }

    #[test]
    fn addresses_are_allowed_only_when_loopback() {
        for good in [
            "http://127.0.0.1:9999/cb",
            "http://[::1]:80/cb",
            "https://127.8.8.8/",
        ] {
            assert!(allowed(SITE, &[], good), "{good}");
        }
        for bad in [
            "http://10.0.0.1/",
            "http://2130706433/",
            "http://127.1/",
            "http://0x7f000001/",
            "http://[fe80::1]/",
        ] {
            assert!(!allowed(SITE, &["http://**"], bad), "{bad}");
        }
        assert!(!allowed(SITE, &[], "javascript://127.0.0.1/%0aalert(1)"));
    }

    #[test]
    fn the_list_is_matched_without_the_fragment() {
        let list = [
            "https://*.example.org/**",
            "myapp://cb",
            "https://q.example.net/a?x=1",
        ];
        for good in [
            "https://a.example.org/x/y?z=1#frag",
            "myapp://cb",
            "myapp://cb#x",
            "https://q.example.net/a?x=1",
        ] {
            assert!(allowed(SITE, &list, good), "{good}");
        }
        for bad in [
            "https://a.b.example.org/x",
            "myapp://cb/x",
            "https://q.example.net/a?x=2",
            "https://q.example.net/a",
        ] {
            assert!(!allowed(SITE, &list, bad), "{bad}");
        }
    }

    #[test]
    fn dishonest_spellings_are_refused() {
        let bad = [
            "/relative",
            "//evil.io",
            "",
            "https://app.example.com@evil.io/",
            "https://app.example.com\\@evil.io/",
            "https://b\u{fc}cher.de/",
            "https://app.exam\tple.com/",
            "https://-a.io/",
        ];
        for bad in bad {
            assert!(!allowed(SITE, &["**"], bad), "{bad}");
        }
    }

    #[test]
    fn the_referer_is_the_second_choice_and_the_site_the_last() {
        let config = config(SITE, &["https://ok.example/**"]);
        assert_eq!(
            choose(&config, Some("https://evil.io"), Some("https://ok.example/p")),
            "https://ok.example/p"
        );
        assert_eq!(
            choose(&config, Some("https://evil.io"), Some("https://evil.io/")),
            SITE
        );
        assert_eq!(choose(&config, None, None), SITE);
    }
}
