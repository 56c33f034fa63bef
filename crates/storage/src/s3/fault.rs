//! What only the S3 protocol refuses, and refusals as XML with their real status (§2, §14).

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::error::StorageError;
use crate::s3::answer;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nobody signed it.
    #[error("Missing signature")]
    NotSigned,
    /// The credential is not of the form that it has.
    #[error("The authorization of the request is malformed")]
    MalformedAuthorization,
    /// No such access key.
    #[error("The Access Key Id you provided does not exist in our records.")]
    InvalidAccessKeyId,
    /// Signed with another secret, or not this request.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your key and signing method."
    )]
    SignatureDoesNotMatch,
    /// A header that changes what is done is not part of the signature.
    #[error("There were headers present in the request which were not signed: {0}")]
    UnsignedHeader(String),
    /// The clocks differ too much.
    #[error("The difference between the request time and the server's time is too large.")]
    TimeTooSkewed,
    /// A presigned URL or a policy that is over.
    #[error("The provided token has expired.")]
    Expired,
    /// The form does not do what its policy says.
    #[error("Invalid according to Policy: {0}")]
    Policy(String),
    /// The body is not the one that was signed.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    ContentHash,
    /// The body is not the one of the digest.
    #[error("The {0} you specified did not match what we received.")]
    BadDigest(&'static str),
    /// A digest that is none.
    #[error("The {0} you specified is not valid.")]
    InvalidDigest(&'static str),
    /// Fewer or more bytes than announced.
    #[error("You did not provide the number of bytes specified by the Content-Length HTTP header.")]
    IncompleteBody,
    /// No length.
    #[error("You must provide the Content-Length HTTP header.")]
    MissingContentLength,
    /// Chunks that are none.
    #[error("The body is not in the form that 'x-amz-content-sha256' says")]
    MalformedChunks,
    /// XML that is none, or not what it should be.
    #[error("The XML you provided was not well-formed or did not validate against our published schema")]
    MalformedXml,
    /// A parameter or header without sense.
    #[error("Invalid argument: {0}")]
    InvalidArgument(&'static str),
    /// `If-Match` and the like.
    #[error("At least one of the preconditions you specified did not hold")]
    Precondition,
    /// A range that the source of a copy does not have.
    #[error("The range of the source is not valid")]
    CopyRange,
    /// No such multipart upload.
    #[error("Upload not found")]
    NoSuchUpload,
    /// Parts that are not there, or other ones.
    #[error("One or more of the specified parts could not be found, or its ETag did not match")]
    InvalidPart,
    /// Parts out of order.
    #[error("The list of parts was not in ascending order")]
    PartOrder,
    /// An operation that this server does not have.
    #[error("A header or query you provided implies functionality that is not implemented: {0}")]
    NotImplemented(String),
    /// A method that the resource does not have.
    #[error("The specified method is not allowed against this resource")]
    Method,
}

impl Fault {
    /// Real status.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotSigned
            | Self::InvalidAccessKeyId
            | Self::SignatureDoesNotMatch
            | Self::UnsignedHeader(_)
            | Self::TimeTooSkewed
            | Self::Policy(_) => 403,
            Self::NoSuchUpload => 404,
            Self::Method => 405,
            Self::Precondition => 412,
            Self::NotImplemented(_) => 501,
            _ => 400,
        }
    }

    /// The code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotSigned | Self::UnsignedHeader(_) | Self::Policy(_) => "AccessDenied",
            Self::MalformedAuthorization => "AuthorizationHeaderMalformed",
            Self::InvalidAccessKeyId => "InvalidAccessKeyId",
            Self::SignatureDoesNotMatch => "SignatureDoesNotMatch",
            Self::TimeTooSkewed => "RequestTimeTooSkewed",
            Self::Expired => "ExpiredToken",
            Self::ContentHash => "XAmzContentSHA256Mismatch",
            Self::BadDigest(_) => "BadDigest",
            Self::InvalidDigest(_) => "InvalidDigest",
            Self::IncompleteBody => "IncompleteBody",
            Self::MissingContentLength => "MissingContentLength",
            Self::MalformedChunks => "InvalidRequest",
            Self::MalformedXml => "MalformedXML",
            Self::InvalidArgument(_) => "InvalidArgument",
            Self::Precondition => "PreconditionFailed",
            Self::CopyRange => "InvalidRange",
            Self::NoSuchUpload => "NoSuchUpload",
            Self::InvalidPart => "InvalidPart",
            Self::PartOrder => "InvalidPartOrder",
            Self::NotImplemented(_) => "NotImplemented",
            Self::Method => "MethodNotAllowed",
        }
    }
}

impl From<Fault> for StorageError {
    fn from(fault: Fault) -> Self {
        Self::S3(fault)
    }
}

#[derive(Serialize)]
#[serde(rename = "Error")]
struct Document<'a> {
    #[serde(rename = "Resource")]
    resource: &'a str,
    #[serde(rename = "Code")]
    code: &'a str,
    #[serde(rename = "Message")]
    message: &'a str,
}

/// A refusal as an answer. Without a namespace: botocore would not find the code. Answers to `HEAD` have no body.
pub fn refusal(error: &StorageError, resource: &str, is_head: bool, is_body_left: bool) -> Response {
    match error {
        StorageError::Internal(detail) => tracing::error!(%detail, "storage failed"),
        StorageError::Database(state) => {
            tracing::error!(%state, "the database refused a statement of storage");
        }
        _ => {}
    }
    let status = StatusCode::from_u16(error.real_status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = status.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, answer::XML);
    if is_body_left {
        // The rest of the body would have to be read before anything else.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if !is_head {
        let document = Document {
            resource: &printable(resource),
            code: error.code(),
            message: &printable(&error.to_string()),
        };
        *response.body_mut() = Body::from(answer::document(&document).unwrap_or_default());
    }
    response
}

/// What XML can say: keys that are refused may have anything in them.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}
