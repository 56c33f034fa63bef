//! The one client for outgoing HTTP: bounded in time and size, without redirects, and (unless told otherwise) only to
//! public addresses.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::private_address::is_public;

/// Time for name lookup, TCP and TLS.
const CONNECT: Duration = Duration::from_secs(5);

/// What the client may do.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Loopback, private and other special addresses are allowed. On for a developer's own machine, where hooks run
    /// beside the backend; off where users decide about addresses.
    pub allow_private: bool,
    /// `User-Agent`.
    pub user_agent: String,
    /// Connections to one host that wait for the next request.
    pub idle_per_host: usize,
}

/// One request.
#[derive(Debug, Clone)]
pub struct OutgoingRequest {
    /// Method.
    pub method: Method,
    /// `http` or `https`.
    pub url: Url,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// Time for everything, the answer's body included.
    pub timeout: Duration,
    /// Most bytes of the answer's body.
    pub max_response: usize,
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct OutgoingResponse {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

/// No answer.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    /// Not in time.
    #[error("the request timed out")]
    Timeout,
    /// The policy forbids the address.
    #[error("the request was not sent: {0}")]
    Refused(String),
    /// The answer is larger than allowed.
    #[error("the answer is too large")]
    TooLarge,
    /// The connection failed.
    #[error("the request failed: {0}")]
    Transport(String),
}

/// The client; cheap to clone.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub(crate) client: reqwest::Client,
    allow_private: bool,
}

impl Outgoing {
    /// Fails only when the system has no TLS to offer.
    pub fn new(policy: &Policy) -> Result<Self, OutgoingError> {
        crate::install_crypto();
        #[allow(
            clippy::disallowed_methods,
            reason = "the one place that makes an outgoing client"
        )]
        let mut builder = reqwest::Client::builder()
            .user_agent(&policy.user_agent)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(policy.idle_per_host);
        if !policy.allow_private {
            // A proxy would look names up itself, behind the guard's back.
            builder = builder.dns_resolver(Arc::new(PublicOnly)).no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| OutgoingError::Transport(error.to_string()))?;
        Ok(Self {
            client,
            allow_private: policy.allow_private,
        })
    }

    /// Sends and reads the whole answer. Redirects are answers like any other.
    pub async fn send(&self, request: OutgoingRequest) -> Result<OutgoingResponse, OutgoingError> {
        self.check(&request.url)?;
        match tokio::time::timeout(request.timeout, self.exchange(request)).await {
            Ok(result) => result,
            Err(_) => Err(OutgoingError::Timeout),
        }
    }

    /// Looks the host up without asking it anything: for addresses that are stored now and used later. Refused when any of
    /// its addresses is not allowed; who is asked later is checked again.
    pub async fn resolve(&self, url: &Url) -> Result<(), OutgoingError> {
        self.check(url)?;
        let Some(Host::Domain(name)) = url.host() else {
            return Ok(());
        };
        let port = url.port_or_known_default().unwrap_or_default();
        let lookup = tokio::time::timeout(CONNECT, tokio::net::lookup_host((name, port)));
        let found: Vec<SocketAddr> = match lookup.await {
            Err(_) => return Err(OutgoingError::Timeout),
            Ok(Err(error)) => return Err(OutgoingError::Transport(error.to_string())),
            Ok(Ok(found)) => found.collect(),
        };
        if found.is_empty() {
            return Err(OutgoingError::Transport("the name has no address".to_owned()));
        }
        if self.allow_private || found.iter().all(|address| is_public(address.ip())) {
            Ok(())
        } else {
            Err(OutgoingError::Refused(
                "the name has a private address".to_owned(),
            ))
        }
    }

    /// Literal addresses never reach the resolver, so they are checked here.
    pub(crate) fn check(&self, url: &Url) -> Result<(), OutgoingError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(OutgoingError::Refused(format!(
                "{} is not http or https",
                url.scheme()
            )));
        }
        let ip = match url.host() {
            None => return Err(OutgoingError::Refused("the URL has no host".to_owned())),
            Some(Host::Domain(_)) => return Ok(()),
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
        };
        if self.allow_private || is_public(ip) {
            Ok(())
        } else {
            Err(OutgoingError::Refused("the address is not public".to_owned()))
        }
    }

    async fn exchange(&self, request: OutgoingRequest) -> Result<OutgoingResponse, OutgoingError> {
        let mut builder = self
            .client
            .request(request.method, request.url)
            .body(request.body);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        let mut response = builder.send().await.map_err(transport)?;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            if body.len() + chunk.len() > request.max_response {
                return Err(OutgoingError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(OutgoingResponse {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: body.freeze(),
        })
    }
}

pub(crate) fn transport(error: reqwest::Error) -> OutgoingError {
    if error.is_timeout() {
        return OutgoingError::Timeout;
    }
    let mut source: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(&error);
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<NotPublic>() {
            return OutgoingError::Refused(refused.to_string());
        }
        source = cause.source();
    }
    OutgoingError::Transport(error.without_url().to_string())
}

/// Looks names up and drops what is not public. The connection goes to exactly the addresses that were checked.
struct PublicOnly;

#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
struct NotPublic;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn request(url: &str) -> OutgoingRequest {
        OutgoingRequest {
            method: Method::GET,
            url: url.parse().unwrap(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: Duration::from_secs(2),
            max_response: 10,
        }
    }

    fn outgoing(allow_private: bool) -> Outgoing {
        Outgoing::new(&Policy {
            idle_per_host: 1,
            allow_private,
            user_agent: "test".to_owned(),
        })
        .unwrap()
    }

    #[tokio::test]
    async fn private_addresses_are_refused_by_number_and_by_name() {
        let guarded = outgoing(false);
        for url in [
            "http://127.0.0.1:1/",
            "http://[::1]:1/",
            "http://localhost:1/",
            "ftp://example.com/",
        ] {
            assert!(
                matches!(guarded.send(request(url)).await, Err(OutgoingError::Refused(_))),
                "{url}"
            );
        }
    }

    #[tokio::test]
    async fn names_are_looked_up_without_being_asked() {
        let (guarded, open) = (outgoing(false), outgoing(true));
        for url in ["https://127.0.0.1/", "https://localhost/", "https://10.0.0.1/"] {
            let url = url.parse().unwrap();
            assert!(matches!(
                guarded.resolve(&url).await,
                Err(OutgoingError::Refused(_))
            ));
            assert!(open.resolve(&url).await.is_ok(), "{url}");
        }
        let nowhere = "https://no-such-name.invalid/".parse().unwrap();
        assert!(matches!(
            guarded.resolve(&nowhere).await,
            Err(OutgoingError::Transport(_))
        ));
        assert!(
            guarded
                .resolve(&"https://8.8.8.8/".parse().unwrap())
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn large_and_slow_answers_end() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new()
            .route("/large", axum::routing::get(|| async { "0123456789+" }))
            .route("/small", axum::routing::get(|| async { "0123456789" }))
            .route("/slow", axum::routing::get(std::future::pending::<&'static str>));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let open = outgoing(true);
        assert!(matches!(
            open.send(request(&format!("{at}/large"))).await,
            Err(OutgoingError::TooLarge)
        ));
        assert_eq!(
            open.send(request(&format!("{at}/small"))).await.unwrap().body,
            "0123456789"
        );
        let mut slow = request(&format!("{at}/slow"));
        slow.timeout = Duration::from_millis(50);
        assert!(matches!(open.send(slow).await, Err(OutgoingError::Timeout)));
    }
}
