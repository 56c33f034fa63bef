//! Reading request bodies.

use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// A body that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More bytes than allowed.
    #[error("the body is too large")]
    TooLarge,
    /// The client went away, or sent something that is not HTTP.
    #[error("the body could not be read")]
    Broken,
}

/// The whole body, of at most `limit` bytes.
pub async fn read_body(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(BodyError::TooLarge),
        Err(_) => Err(BodyError::Broken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bounded() {
        assert_eq!(
            read_body(Body::from("abcd"), 4).await,
            Ok(Bytes::from_static(b"abcd"))
        );
        assert_eq!(read_body(Body::from("abcde"), 4).await, Err(BodyError::TooLarge));
    }
}
