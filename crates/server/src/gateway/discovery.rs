//! Where clients look for the OAuth server's metadata when the issuer has a path.
//!
//! RFC 8414 §3.1 puts the well-known part between host and path: `/.well-known/oauth-authorization-server/auth/v1`. The
//! service is below `/auth/v1` and knows OpenID Connect's form only, with the well-known part at the end.

use axum::extract::Request;
use axum::http::uri::{PathAndQuery, Uri};

const FORMS: [(&str, &str); 2] = [
    (
        "/.well-known/oauth-authorization-server/auth/v1",
        "/auth/v1/.well-known/oauth-authorization-server",
    ),
    (
        "/.well-known/openid-configuration/auth/v1",
        "/auth/v1/.well-known/openid-configuration",
    ),
];

/// Gives a request for the one form the address of the other.
pub(super) fn to_service(request: &mut Request) {
    let path = request.uri().path().trim_end_matches('/');
    let Some((_, target)) = FORMS.into_iter().find(|(form, _)| *form == path) else {
        return;
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::from_static(target));
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn only_these_addresses_change() {
        let seen = |uri: &str| {
            let mut request = Request::builder().uri(uri).body(Body::empty()).unwrap();
            to_service(&mut request);
            request.uri().to_string()
        };
        for (form, target) in FORMS {
            assert_eq!(seen(form), target);
        }
        assert_eq!(
            seen("http://h:1/.well-known/openid-configuration/auth/v1/?x"),
            "http://h:1/auth/v1/.well-known/openid-configuration"
        );
        for uri in [
            "/.well-known/openid-configuration",
            "/.well-known/openid-configuration/auth/v2",
            "/auth/v1/.well-known/openid-configuration",
            "/",
        ] {
            assert_eq!(seen(uri), uri);
        }
    }
}
