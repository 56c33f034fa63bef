//! Where a request comes from.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

/// Address of the client; loopback when nobody determined it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts
            .extensions
            .get()
            .copied()
            .unwrap_or(Self(IpAddr::from([127, 0, 0, 1]))))
    }
}

/// The leftmost valid address of `X-Forwarded-For`, else the peer's (auth.md section 1).
pub fn client_address(headers: &HeaderMap, peer: IpAddr) -> IpAddr {
    headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|part| part.trim().parse().ok())
        .unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn leftmost_valid_address_wins() {
        let peer = IpAddr::from([10, 0, 0, 1]);
        let of = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", HeaderValue::from_static(value));
            client_address(&headers, peer)
        };
        assert_eq!(of("unknown, 1.2.3.4, 5.6.7.8"), IpAddr::from([1, 2, 3, 4]));
        assert_eq!(of("::1"), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]));
        assert_eq!(of("nobody"), peer);
        assert_eq!(client_address(&HeaderMap::new(), peer), peer);
    }
}
