//! Where clients reach the API.

/// Address in the root document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `http` or `https`.
    pub scheme: String,
    /// Name or number of the host.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path in front of every path; starts with a slash.
    pub base_path: String,
}

impl Address {
    /// The address that the server listens at. Its wildcards (`*`, `!4`, …) become the address that says the same.
    pub fn of_server(host: &str, port: u16) -> Self {
        let host = match host {
            "*" | "*4" | "!4" | "*6" | "!6" => "0.0.0.0",
            host => host,
        };
        Self {
            scheme: "http".to_owned(),
            host: host.to_owned(),
            port,
            base_path: "/".to_owned(),
        }
    }

    /// `openapi-server-proxy-uri`: an absolute http or https URI with a host, without user, query and fragment.
    /// `None` if it is anything else.
    pub fn from_proxy_uri(uri: &str) -> Option<Self> {
        let (scheme, rest) = uri.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = split_authority(authority)?;
        if !is_path(path) {
            return None;
        }
        Some(Self {
            scheme,
            host: host.to_owned(),
            port: match port {
                Some(digits) => parse_port(digits)?,
                None => default_port,
            },
            base_path: if path.is_empty() { "/" } else { path }.to_owned(),
        })
    }

    /// Host and port.
    pub(super) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The scheme as one of Swagger's two.
    pub(super) fn swagger_scheme(&self) -> &'static str {
        if self.scheme == "http" { "http" } else { "https" }
    }
}

/// Host and the port's digits. An address of version 6 keeps its brackets.
fn split_authority(authority: &str) -> Option<(&str, Option<&str>)> {
    let end_of_host = match authority.strip_prefix('[') {
        Some(inside) => inside.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at(end_of_host);
    let port = match rest.strip_prefix(':') {
        Some(digits) => Some(digits),
        None if rest.is_empty() => None,
        None => return None,
    };
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(number) => number.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && consists_of(host, is_unreserved),
    };
    is_host.then_some((host, port))
}

fn parse_port(digits: &str) -> Option<u16> {
    // `parse` alone would take a sign.
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|port| *port > 0)
}

fn is_path(path: &str) -> bool {
    consists_of(path, |byte| {
        is_unreserved(byte) || matches!(byte, b'/' | b':' | b'@')
    })
}

/// Characters that stand for themselves in names of hosts and in paths.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}

/// Only these characters and escapes (`%20`).
fn consists_of(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut is_digit = || bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit());
        let fits = if byte == b'%' {
            is_digit() && is_digit()
        } else {
            allowed(byte)
        };
        if !fits {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::Address;

    fn address(scheme: &str, host: &str, port: u16, base_path: &str) -> Address {
        Address {
            scheme: scheme.to_owned(),
            host: host.to_owned(),
            port,
            base_path: base_path.to_owned(),
        }
    }

    #[test]
    fn proxy_uris() {
        let cases = [
            ("http://api.example", address("http", "api.example", 80, "/")),
            (
                "HTTPS://api.example/v1/",
                address("https", "api.example", 443, "/v1/"),
            ),
            (
                "https://api.example:8443/a%20b",
                address("https", "api.example", 8443, "/a%20b"),
            ),
            ("http://[::1]:3000/x", address("http", "[::1]", 3000, "/x")),
            ("http://[::1]", address("http", "[::1]", 80, "/")),
        ];
        for (uri, expected) in cases {
            assert_eq!(Address::from_proxy_uri(uri), Some(expected), "{uri}");
        }
    }

    #[test]
    fn malformed_proxy_uris() {
        let cases = [
            "",
            "/v1",
            "api.example/v1",
            "ftp://api.example",
            "http://",
            "http:///v1",
            "http://me:secret@api.example",
            "http://api.example/v1?a=b",
            "http://api.example?",
            "http://api.example/v1#a",
            "http://api.example:/",
            "http://api.example:0/",
            "http://api.example:65536/",
            "http://api.example:+80/",
            "http://api.example:http/",
            "http://[::1/",
            "http://[::1]x/",
            "http://[x]/",
            "http://api example/",
            "http://api.example/%2",
            "http://api.example/ä",
        ];
        for uri in cases {
            assert_eq!(Address::from_proxy_uri(uri), None, "{uri}");
        }
    }

    #[test]
    fn wildcards_of_the_server() {
        assert_eq!(Address::of_server("*6", 3000).authority(), "0.0.0.0:3000");
        assert_eq!(Address::of_server("db.local", 80).authority(), "db.local:80");
        assert_eq!(Address::of_server("!4", 80).swagger_scheme(), "http");
    }
}
