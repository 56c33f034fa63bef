//! Who may ask, and headers that every answer has.

use super::AccessOptions;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::net::IpAddr;
use std::sync::Arc;
use url::{Host, Url};

/// Refuses names that a stranger could have pointed at this machine, and requests that a stranger's page makes.
pub(super) async fn guard(
    State(options): State<Arc<AccessOptions>>,
    request: Request,
    next: Next,
) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .map(|value| value.to_str().unwrap_or_default());
    let host = host.or(request.uri().authority().map(http::uri::Authority::as_str));
    // A browser always says whom it asks; what says nothing is no browser and cannot be tricked.
    if host.is_some_and(|host| !options.allows(host)) {
        return refuse(
            "this name is not allowed for the inbox: use localhost, or allow the name in the configuration",
        );
    }
    if !same_site(&options, request.headers()) {
        return refuse("requests from other sites are not allowed");
    }
    next.run(request).await
}

/// `nosniff` and its like.
pub(super) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refuse(text: &'static str) -> Response {
    (StatusCode::FORBIDDEN, text).into_response()
}

fn same_site(options: &AccessOptions, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    origin
        .to_str()
        .ok()
        .and_then(|origin| Url::parse(origin).ok())
        .is_some_and(|origin| origin.host_str().is_some_and(|host| options.allows(host)))
}

impl AccessOptions {
    /// Whether a `Host` header's value, with or without a port, is allowed.
    fn allows(&self, host: &str) -> bool {
        let Some(name) = name_of(host) else { return false };
        match name {
            Host::Domain(name) => {
                name == "localhost"
                    || name.ends_with(".localhost")
                    || self
                        .allowed_hosts
                        .iter()
                        .any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(&name))
            }
            Host::Ipv4(_) | Host::Ipv6(_) => true,
        }
    }
}

fn name_of(host: &str) -> Option<Host<String>> {
    let host = host.trim();
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Some(match ip {
            IpAddr::V4(ip) => Host::Ipv4(ip),
            IpAddr::V6(ip) => Host::Ipv6(ip),
        });
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    Host::parse(name.trim_end_matches('.')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let options = AccessOptions {
            allowed_hosts: vec!["inbox.internal".to_owned()],
        };
        for host in [
            "localhost",
            "LOCALHOST:54324",
            "127.0.0.1:1",
            "[::1]:80",
            "::1",
            "192.168.0.7",
            "a.localhost",
            "Inbox.internal:80",
        ] {
            assert!(options.allows(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example:54324",
            "127.0.0.1.nip.io",
            "",
            "a b",
        ] {
            assert!(!options.allows(host), "{host}");
        }
        assert!(
            AccessOptions {
                allowed_hosts: vec!["*".to_owned()]
            }
            .allows("evil.example")
        );
    }
}
