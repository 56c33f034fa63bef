//! What clients are told when something is refused.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use crate::authorize::Refused;

/// A token that is not accepted (§2.2, §4.3).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// None was given.
    #[error("API key is missing")]
    Missing,
    /// Its time is over.
    #[error("Token has expired {seconds} seconds ago")]
    Expired {
        /// Since when.
        seconds: i64,
    },
    /// It lacks what must be there.
    #[error("Fields `role` and `exp` are required in JWT")]
    Fields,
    /// `exp` is no number.
    #[error("Token expiration time is invalid")]
    Expiration,
    /// It is no JWT.
    #[error("The token provided is not a valid JWT")]
    Malformed,
    /// Its signature is wrong.
    #[error("Failed to validate JWT signature")]
    Signature,
    /// No key of ours can have signed it.
    #[error("Failed to generate JWT signer{}, check your JWT secret or JWKS configuration", kid.as_ref().map_or_else(String::new, |kid| format!(" for key ID (kid) {kid:?}")))]
    Signer {
        /// Which key it names.
        kid: Option<String>,
    },
}

impl TokenError {
    /// Its code in the answer to a join.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing | Self::Expired { .. } | Self::Fields | Self::Expiration => "InvalidJWTToken",
            Self::Malformed => "MalformedJWT",
            Self::Signature => "JwtSignatureError",
            Self::Signer { .. } => "JwtSignerError",
        }
    }
}

/// A handshake that is refused (§2.3).
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A version that nobody speaks.
    #[error("Unsupported serializer version")]
    Version,
    /// Not a WebSocket handshake.
    #[error("A WebSocket handshake is expected")]
    NotWebSocket,
    /// As many sockets as there may be.
    #[error("Too many connected users")]
    Sockets,
    /// As many joins as there may be.
    #[error("Too many joins per second")]
    Joins,
}

impl HandshakeError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Token(_) => StatusCode::UNAUTHORIZED,
            Self::Version => StatusCode::FORBIDDEN,
            Self::NotWebSocket => StatusCode::BAD_REQUEST,
            Self::Sockets | Self::Joins => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// The answer, after a pause that slows storms of reconnects.
    pub(crate) async fn answer(self, pause: Duration) -> Response {
        if !matches!(self, Self::NotWebSocket) {
            tokio::time::sleep(pause).await;
        }
        let text = match &self {
            Self::Token(TokenError::Expired { .. }) => "Token has expired".to_owned(),
            other => other.to_string(),
        };
        (self.status(), Json(json!({ "error": text }))).into_response()
    }
}

/// A join that is refused (§4.3).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// `realtime:` alone.
    #[error("TopicNameRequired: You must provide a topic name")]
    TopicName,
    /// The token.
    #[error("{}: {_0}", _0.code())]
    Token(#[from] TokenError),
    /// Public channels are off.
    #[error("PrivateOnly: This project only allows private channels")]
    PrivateOnly,
    /// The socket has all the channels that it may have.
    #[error("ChannelRateLimitReached: Too many channels")]
    Channels,
    /// Everybody together joins too often.
    #[error("ClientJoinRateLimitReached: Too many joins per second")]
    Joins,
    /// Policies say no, or cannot say.
    #[error("Unauthorized: You do not have permissions to read from this Channel topic: {0}")]
    Unauthorized(String),
    /// The replay that was asked for makes no sense.
    #[error("UnableToReplayMessages: Replay params are not valid")]
    ReplayParams,
    /// Only private channels remember.
    #[error("UnableToReplayMessages: Replay is not allowed for public channels")]
    ReplayPublic,
    /// The past could not be read.
    #[error("UnableToReplayMessages: Realtime was unable to replay messages")]
    Replay,
    /// The probe's connections are all busy.
    #[error("IncreaseConnectionPool: Please increase your connection pool size")]
    Pool,
    /// The probe took too long.
    #[error("QueryCanceled: Realtime was unable to connect to the project database")]
    Canceled,
    /// There is no partition for today.
    #[error("MissingPartition: Realtime was unable to connect to the project database")]
    Partition,
    /// The database cannot be asked.
    #[error("UnableToConnectToProject: Realtime was unable to connect to the project database")]
    Unavailable,
    /// The server ends.
    #[error("RealtimeRestarting: Realtime is restarting, please standby")]
    Restarting,
}

impl JoinError {
    /// What a probe that gave no verdict means for a join of `topic`.
    pub(crate) fn of_probe(refused: Refused, topic: &str) -> Self {
        match refused {
            Refused::Policy => Self::Unauthorized(topic.to_owned()),
            Refused::Canceled => Self::Canceled,
            Refused::Partition => Self::Partition,
            Refused::Pool => Self::Pool,
            Refused::Unavailable => Self::Unavailable,
        }
    }

    /// Its code, for metrics.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::TopicName => "TopicNameRequired",
            Self::Token(error) => error.code(),
            Self::PrivateOnly => "PrivateOnly",
            Self::Channels => "ChannelRateLimitReached",
            Self::Joins => "ClientJoinRateLimitReached",
            Self::Unauthorized(_) => "Unauthorized",
            Self::ReplayParams | Self::ReplayPublic | Self::Replay => "UnableToReplayMessages",
            Self::Pool => "IncreaseConnectionPool",
            Self::Canceled => "QueryCanceled",
            Self::Partition => "MissingPartition",
            Self::Unavailable => "UnableToConnectToProject",
            Self::Restarting => "RealtimeRestarting",
        }
    }
}

/// A request that is refused (§5.2, §5.3).
#[derive(Debug, PartialEq, Eq)]
pub enum RestError {
    /// No token, or a wrong one; or policies say no.
    Unauthorized(StatusCode),
    /// What is wrong with each message.
    Invalid(Value),
    /// The body is no JSON, or not an object.
    BadBody,
    /// A type that is neither JSON nor bytes.
    MediaType,
    /// More than may be sent.
    Rate(&'static str),
    /// No verdict of the database.
    Refused(Refused),
    /// More bytes than are read.
    TooLarge,
    /// Nothing is at this path.
    NotFound,
    /// Something is, for another method.
    Method,
}

impl IntoResponse for RestError {
    fn into_response(self) -> Response {
        let message =
            |status: StatusCode, text: &str| (status, Json(json!({ "message": text }))).into_response();
        match self {
            Self::Unauthorized(status) => message(status, "Unauthorized"),
            Self::Invalid(errors) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                Json(json!({ "errors": errors })),
            )
                .into_response(),
            Self::BadBody => message(StatusCode::BAD_REQUEST, "the body is not valid JSON"),
            Self::MediaType => {
                let error = "Unsupported Media Type. Use application/json or application/octet-stream";
                (
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    Json(json!({ "error": error })),
                )
                    .into_response()
            }
            Self::Rate(text) => message(StatusCode::TOO_MANY_REQUESTS, text),
            Self::Refused(Refused::Policy) => message(StatusCode::UNPROCESSABLE_ENTITY, "RLS policy error"),
            Self::Refused(Refused::Partition) => {
                message(StatusCode::UNPROCESSABLE_ENTITY, "Missing messages partition")
            }
            Self::Refused(Refused::Pool) => {
                message(StatusCode::TOO_MANY_REQUESTS, "Connection pool exhausted")
            }
            Self::Refused(Refused::Canceled) => message(StatusCode::UNPROCESSABLE_ENTITY, "Query canceled"),
            Self::Refused(Refused::Unavailable) => {
                message(StatusCode::INTERNAL_SERVER_ERROR, "the database cannot be asked")
            }
            Self::TooLarge => message(StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large"),
            Self::NotFound => message(StatusCode::NOT_FOUND, "Not found"),
            Self::Method => message(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let texts = [
            (
                JoinError::Token(TokenError::Expired { seconds: 5 }),
                "InvalidJWTToken: Token has expired 5 seconds ago",
            ),
            (
                JoinError::Token(TokenError::Signer {
                    kid: Some("k".to_owned()),
                }),
                "JwtSignerError: Failed to generate JWT signer for key ID (kid) \"k\", check your JWT secret or JWKS configuration",
            ),
            (
                JoinError::of_probe(Refused::Policy, "room"),
                "Unauthorized: You do not have permissions to read from this Channel topic: room",
            ),
        ];
        for (error, text) in texts {
            assert_eq!(error.to_string(), text);
            assert!(text.starts_with(error.code()));
        }
    }
}
