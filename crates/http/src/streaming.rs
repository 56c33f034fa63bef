//! Outgoing requests whose answers are read piece by piece: for a store of bytes, whose objects may be of any size.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method};
use url::Url;

use crate::outgoing::{Outgoing, OutgoingError, transport};

/// One request. Cheap to clone, so that it can be sent again.
#[derive(Debug, Clone)]
pub struct StreamingRequest {
    /// Method.
    pub method: Method,
    /// `http` or `https`.
    pub url: Url,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// Time until the head of the answer is there.
    pub timeout: Duration,
    /// Time between two pieces of the answer's body.
    pub idle: Duration,
}

/// The head of an answer, whatever its status, and its body as it comes.
#[derive(Debug)]
pub struct StreamingResponse {
    response: reqwest::Response,
    idle: Duration,
}

impl Outgoing {
    /// Sends, and reads the head of the answer. Redirects are answers like any other.
    pub async fn stream(&self, request: StreamingRequest) -> Result<StreamingResponse, OutgoingError> {
        self.check(&request.url)?;
        let builder = self
            .client
            .request(request.method, request.url)
            .headers(request.headers)
            .body(request.body);
        match tokio::time::timeout(request.timeout, builder.send()).await {
            Err(_) => Err(OutgoingError::Timeout),
            Ok(Err(error)) => Err(transport(error)),
            Ok(Ok(response)) => Ok(StreamingResponse {
                response,
                idle: request.idle,
            }),
        }
    }
}

impl StreamingResponse {
    /// Status code.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// Headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The next piece of the body; `None` at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, OutgoingError> {
        match tokio::time::timeout(self.idle, self.response.chunk()).await {
            Err(_) => Err(OutgoingError::Timeout),
            Ok(chunk) => chunk.map_err(transport),
        }
    }

    /// All that is left of the body, which may have that many bytes.
    pub async fn read(mut self, limit: usize) -> Result<Bytes, OutgoingError> {
        let mut body = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if body.len() + chunk.len() > limit {
                return Err(OutgoingError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}
