//! Where a client's users may be sent back to (RFC 6749 §3.1.2; RFC 8252 §7).

use url::{Host, Url};

/// Longest address, in bytes.
const LONGEST: usize = 2048;

/// Schemes that run code, read files or are not for pages.
const REFUSED: [&str; 14] = [
    "javascript",
    "data",
    "file",
    "vbscript",
    "about",
    "blob",
    "filesystem",
    "view-source",
    "jar",
    "resource",
    "chrome",
    "ws",
    "wss",
    "ftp",
];

/// Whether a client may register this address; the error is what is wrong with it.
///
/// An address is later compared letter by letter, and a browser follows what it reads into it: what a parser would have to
/// correct first is refused. So are commas, which separate the addresses of a client where they are stored.
pub(super) fn check(uri: &str) -> Result<(), String> {
    if uri.is_empty() {
        return Err("redirect URI cannot be empty".to_owned());
    }
    if uri.len() > LONGEST {
        return Err("redirect URI cannot exceed 2048 characters".to_owned());
    }
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '\\' | ',' | '"' | '<' | '>' | '`');
    if !uri.chars().all(is_plain) {
        return Err("invalid URL format".to_owned());
    }
    if uri.contains('#') {
        return Err("fragment not allowed in redirect URI".to_owned());
    }
    let url = Url::parse(uri).map_err(|_| "must have scheme and host".to_owned())?;
    if let Some(scheme) = REFUSED.into_iter().find(|scheme| *scheme == url.scheme()) {
        return Err(format!("scheme '{scheme}' is not allowed for security reasons"));
    }
    let rest = uri.split_once("://").map_or("", |(_, rest)| rest);
    if rest.is_empty() || rest.starts_with(['/', '?', ':']) || !url.has_host() {
        return Err("must have scheme and host".to_owned());
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("user information not allowed in redirect URI".to_owned());
    }
    if url.scheme() == "http" && !is_this_machine(&url) {
        return Err("HTTP scheme only allowed for localhost".to_owned());
    }
    Ok(())
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honest_addresses() {
        for uri in [
            "https://app.example/callback",
            "https://app.example:8443/cb?tenant=1",
            "http://localhost:3000/cb",
            "http://127.0.0.1:49152/cb",
            "http://[::1]:8080/cb",
            "myapp://callback",
            "com.example.app://oauth/callback",
            "cursor://anysphere.cursor-mcp/oauth",
        ] {
            assert_eq!(check(uri), Ok(()), "{uri}");
        }
    }

    #[test]
    fn hostile_addresses() {
        let long = format!("https://a.example/{}", "x".repeat(LONGEST));
        for uri in [
            "",
            "/callback",
            "callback",
            "//evil.example/cb",
            "https:",
            "https:///evil.example/cb",
            "https:evil.example/cb",
            "https:/evil.example/cb",
            "https://",
            "https://?x",
            "https://:443/cb",
            "http://app.example/cb",
            "http://localhost.evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://10.0.0.1/cb",
            "http://0.0.0.0/cb",
            "http://[::]/cb",
            "https://app.example/cb#",
            "https://app.example/cb#token",
            "https://user@app.example/cb",
            "https://app.example:secret@evil.example/cb",
            "myapp://user@host/cb",
            "https://app.example/cb,https://evil.example/cb",
            "https://app.example/cb,javascript://x/%0aalert(1)",
            "https://app.example\\@evil.example/cb",
            "https://app.example/cb\r\nSet-Cookie: a=b",
            "https://app.example/c b",
            " https://app.example/cb",
            "https://app.example/cb\0",
            "https://\u{0430}pp.example/cb",
            "javascript:alert(1)",
            "javascript://app.example/%0aalert(1)",
            "JavaScript://app.example/%0aalert(1)",
            "data:text/html,x",
            "data://text/html,x",
            "vbscript://x/y",
            "file:///etc/passwd",
            "file://host/etc/passwd",
            "about:blank",
            "blob:https://app.example/1",
            "blob://x/y",
            "filesystem:https://app.example/temporary/x",
            "view-source:https://app.example/",
            "view-source://app.example/",
            "ftp://app.example/cb",
            "ws://app.example/cb",
            "wss://app.example/cb",
            "mailto:a@b.example",
            "myapp:callback",
            "com.example.app:/callback",
            "urn:ietf:wg:oauth:2.0:oob",
            "https://app.example/\"><script>",
            &long,
        ] {
            assert!(check(uri).is_err(), "{uri:?}");
        }
    }
}
