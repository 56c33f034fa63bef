//! Errors of the dialect: one enum, mapped to status, label, code and message in one place (§2).

use axum::Json;
use axum::response::{IntoResponse, Response};
use ferrobase_db::DbError;
use http::StatusCode;
use serde_json::json;

use crate::s3::fault::Fault;

/// The result of an operation.
pub type Result<T> = std::result::Result<T, StorageError>;

/// A request that fails.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// No such bucket, or none that the caller may see.
    #[error("Bucket not found")]
    NoSuchBucket,
    /// No such object, or none that the caller may see.
    #[error("Object not found")]
    NoSuchKey,
    /// The row is there and its blob is not.
    #[error("The resource was not found")]
    NoBlob,
    /// A token in a URL that does not verify.
    #[error("{0}")]
    InvalidJwt(String),
    /// A token in a URL that is for something else.
    #[error("{0}")]
    InvalidSignature(String),
    /// The caller may not do this.
    #[error("{0}")]
    AccessDenied(String),
    /// Only for `service_role`; the one refusal with a true 403.
    #[error("Access denied: Invalid role")]
    InvalidRole,
    /// The key is taken.
    #[error("The resource already exists")]
    KeyAlreadyExists,
    /// The bucket's name is taken.
    #[error("The resource already exists")]
    BucketAlreadyExists,
    /// A unique constraint says so.
    #[error("The resource already exists")]
    ResourceAlreadyExists,
    /// A bucket with objects in it.
    #[error("The bucket you tried to delete is not empty")]
    ResourceNotEmpty,
    /// Something still refers to it.
    #[error("The resource is referenced by another one due to a foreign key constraint")]
    ResourceReferenced,
    /// Something that the request names does not exist.
    #[error("The related resource does not exist")]
    RelatedMissing,
    /// A name that buckets cannot have.
    #[error("Bucket name invalid")]
    InvalidBucketName,
    /// A name that objects cannot have.
    #[error("Invalid key: {0}")]
    InvalidKey(String),
    /// A key longer than an index can hold.
    #[error("Invalid key: too long")]
    KeyTooLong,
    /// The bucket does not take this type.
    #[error("mime type {0} is not supported")]
    InvalidMimeType(String),
    /// `Content-Type` that is none.
    #[error("Invalid Content-Type header")]
    ContentType,
    /// Larger than a limit.
    #[error("The object exceeded the maximum allowed size")]
    TooLarge,
    /// A range that cannot be had.
    #[error("invalid range provided")]
    InvalidRange,
    /// A request that makes no sense.
    #[error("{0}")]
    InvalidRequest(String),
    /// `x-robots-tag` that is none.
    #[error("{0}")]
    InvalidRobots(String),
    /// More objects than an emptying takes on.
    #[error("{0}")]
    TooManyObjects(String),
    /// The request does not fit its schema.
    #[error("{0}")]
    Validation(String),
    /// A parameter that cannot be used.
    #[error("Invalid Parameter {0}")]
    InvalidParameter(String),
    /// The database cannot read a value.
    #[error("{0}")]
    UnreadableValue(String),
    /// No such path.
    #[error("Route {0} not found")]
    Route(String),
    /// A part that this server does not have.
    #[error("{0} are not supported by this server")]
    NotSupported(&'static str),
    /// What is to be rendered is no image, or none that can be read.
    #[error("The source image is invalid or unsupported for rendering")]
    UnusableImage,
    /// An image that is too large to be rendered.
    #[error("{0}")]
    Image(&'static str),
    /// Too many renders wait already.
    #[error("Too many requests")]
    RenderBusy,
    /// A render took too long.
    #[error("Image request timed out")]
    RenderTimeout,
    /// Somebody else holds the lock.
    #[error("The resource is locked")]
    ResourceLocked,
    /// Others changed the same objects meanwhile: tried again, it may work.
    #[error("The resource is locked")]
    Overtaken,
    /// The bytes of a request are not those that its checksum is of.
    #[error("Checksum Mismatch")]
    Checksum,
    /// Who holds the lock did not let go in time.
    #[error("acquiring lock timeout")]
    LockTimeout,
    /// The database took too long.
    #[error("The connection to the database timed out")]
    DatabaseTimeout,
    /// No connection became free.
    #[error("Too many connections issued to the database")]
    SlowDown,
    /// The database takes no writes.
    #[error("The database is read-only")]
    DatabaseReadOnly,
    /// The schema is not what it should be.
    #[error("The database schema does not match")]
    DatabaseSchemaMismatch,
    /// Policies that call each other, and the like.
    #[error("The database has an invalid object definition")]
    DatabaseInvalidObjectDefinition,
    /// Anything else that the database says.
    #[error("database error, code: {0}")]
    Database(String),
    /// A body of JSON that is larger than any makes sense.
    #[error("Request body is too large")]
    BodyTooLarge,
    /// A body that is not what its type says.
    #[error("{0}")]
    Framework(&'static str),
    /// A stored value that no header can carry.
    #[error("Invalid character in a response header")]
    InvalidHeader,
    /// Hardly any bytes came for a long time.
    #[error("The upload was too slow")]
    Stalled,
    /// The client went away or sent a broken body.
    #[error("The request body could not be read")]
    BrokenBody,
    /// The disk is full, or a quota is.
    #[error("There is no space left for the object")]
    NoSpace,
    /// A bucket into which somebody uploads in parts.
    #[error("The bucket could not be updated because it is referenced by a pending multipart upload.")]
    PendingUpload,
    /// What only the S3 protocol refuses.
    #[error("{0}")]
    S3(Fault),
    /// The store of the bytes refuses, or cannot be reached; the text is for the log.
    #[error("The store of objects failed")]
    Store(String),
    /// Anything that should not happen; the text is for the log.
    #[error("Internal Server Error")]
    Internal(String),
}

/// What a row-level security refusal is called, whatever PostgreSQL says.
pub(crate) const RLS: &str = "new row violates row-level security policy";

impl StorageError {
    /// Real status (of which most answers show 400), code and label; no label means the code.
    fn parts(&self) -> (u16, &'static str, Option<&'static str>) {
        match self {
            Self::NoSuchBucket => (404, "NoSuchBucket", Some("Bucket not found")),
            Self::NoSuchKey => (404, "NoSuchKey", Some("not_found")),
            Self::NoBlob => (404, "NoSuchKey", Some("Not found")),
            Self::InvalidJwt(_) => (400, "InvalidJWT", None),
            Self::InvalidSignature(_) => (400, "InvalidSignature", None),
            Self::AccessDenied(_) | Self::InvalidRole => (403, "AccessDenied", Some("Unauthorized")),
            Self::KeyAlreadyExists => (409, "KeyAlreadyExists", Some("Duplicate")),
            Self::BucketAlreadyExists => (409, "BucketAlreadyExists", Some("Duplicate")),
            Self::ResourceAlreadyExists => (409, "ResourceAlreadyExists", Some("Duplicate")),
            Self::ResourceNotEmpty => (409, "ResourceNotEmpty", None),
            Self::S3(fault) => (fault.status(), fault.code(), None),
            Self::ResourceReferenced | Self::PendingUpload => (409, "ResourceReferenced", None),
            Self::RelatedMissing => (404, "InvalidRequest", None),
            Self::InvalidBucketName => (400, "InvalidBucketName", Some("Invalid Input")),
            Self::InvalidKey(_) | Self::KeyTooLong => (400, "InvalidKey", None),
            Self::InvalidMimeType(_) | Self::ContentType => {
                (415, "InvalidMimeType", Some("invalid_mime_type"))
            }
            Self::TooLarge => (413, "EntityTooLarge", Some("Payload too large")),
            Self::InvalidRange => (416, "InvalidRange", Some("invalid_range")),
            Self::InvalidRequest(_) | Self::BrokenBody | Self::UnusableImage | Self::Image(_) => {
                (400, "InvalidRequest", None)
            }
            Self::NoSpace => (507, "InsufficientStorage", None),
            Self::Stalled => (408, "InvalidRequest", None),
            Self::InvalidHeader => (400, "InvalidRequest", Some("invalid_header_char")),
            Self::BodyTooLarge => (413, "InvalidRequest", Some("FastifyError")),
            Self::Framework(_) => (400, "InvalidRequest", Some("FastifyError")),
            Self::InvalidRobots(_) => (400, "InvalidRequest", Some("invalid_x_robots_tag")),
            Self::TooManyObjects(_) => (409, "InvalidRequest", None),
            Self::Validation(_) => (400, "InvalidRequest", Some("Error")),
            Self::InvalidParameter(_) | Self::UnreadableValue(_) => (400, "InvalidParameter", None),
            Self::Route(_) => (404, "InvalidRequest", Some("Not Found")),
            Self::RenderBusy => (429, "SlowDown", Some("Too Many Requests")),
            Self::RenderTimeout => (504, "InvalidRequest", None),
            Self::NotSupported(_) => (409, "NotSupported", None),
            Self::ResourceLocked | Self::Overtaken => (423, "ResourceLocked", None),
            Self::Checksum => (460, "InvalidChecksum", None),
            Self::LockTimeout => (503, "LockTimeout", Some("acquiring_lock_timeout")),
            Self::DatabaseTimeout => (544, "DatabaseTimeout", None),
            Self::SlowDown => (429, "SlowDown", Some("too_many_connections")),
            Self::DatabaseReadOnly => (503, "DatabaseReadOnly", None),
            Self::DatabaseSchemaMismatch => (503, "DatabaseSchemaMismatch", None),
            Self::DatabaseInvalidObjectDefinition => (503, "DatabaseInvalidObjectDefinition", None),
            Self::Database(_) => (500, "DatabaseError", None),
            Self::Store(_) => (500, "S3Error", None),
            Self::Internal(_) => (500, "InternalError", Some("Internal")),
        }
    }

    /// The status of the body.
    pub fn real_status(&self) -> u16 {
        self.parts().0
    }

    /// The dialect's code.
    pub fn code(&self) -> &'static str {
        self.parts().1
    }

    /// What the log says of it: for whoever runs the server.
    pub fn detail(&self) -> String {
        match self {
            Self::Store(detail) | Self::Internal(detail) => detail.clone(),
            other => other.to_string(),
        }
    }

    /// Whether nothing of what was asked has happened. After the others a commit may have taken effect whose answer got
    /// lost.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Internal(_) | Self::Store(_) => false,
            Self::Database(state) => !(state.starts_with("08") || state.starts_with("57P")),
            _ => true,
        }
    }

    /// What a unique constraint means where an object is made.
    pub(crate) fn taken(self) -> Self {
        match self {
            Self::ResourceAlreadyExists => Self::KeyAlreadyExists,
            other => other,
        }
    }

    /// The status on the wire: almost always 400.
    pub fn status(&self) -> StatusCode {
        let wire = match self {
            Self::InvalidRole => 403,
            Self::Route(_) => 404,
            _ => match self.real_status() {
                real @ (500 | 507 | 412 | 416 | 544 | 429) => real,
                _ => 400,
            },
        };
        StatusCode::from_u16(wire).unwrap_or(StatusCode::BAD_REQUEST)
    }
}

impl IntoResponse for StorageError {
    fn into_response(self) -> Response {
        match &self {
            Self::Internal(detail) => tracing::error!(%detail, "storage failed"),
            Self::Store(detail) => tracing::error!(%detail, "the store of objects failed"),
            Self::Database(state) => tracing::error!(%state, "the database refused a statement of storage"),
            _ => {}
        }
        let (real, code, label) = self.parts();
        let body = json!({
            "statusCode": real.to_string(),
            "error": label.unwrap_or(code),
            "message": self.to_string(),
            "code": code,
        });
        let mut response = (self.status(), Json(body)).into_response();
        if matches!(self, Self::NoBlob) {
            let no_store = http::HeaderValue::from_static("no-store");
            response
                .headers_mut()
                .insert(http::header::CACHE_CONTROL, no_store);
        }
        response
    }
}

impl From<DbError> for StorageError {
    fn from(error: DbError) -> Self {
        let message = || error.db_message().unwrap_or_default().to_owned();
        match error.sqlstate() {
            None => match error {
                DbError::PoolTimeout => Self::SlowDown,
                other => Self::Internal(other.to_string()),
            },
            Some("42501") => {
                let message = message();
                if message.contains("row-level security") {
                    Self::AccessDenied(RLS.to_owned())
                } else {
                    Self::AccessDenied(message)
                }
            }
            Some("23505") => Self::ResourceAlreadyExists,
            Some("23503")
                if error
                    .detail()
                    .is_some_and(|detail| detail.contains("from table \"s3_multipart_uploads")) =>
            {
                Self::PendingUpload
            }
            Some("23503")
                if error
                    .detail()
                    .is_some_and(|detail| detail.contains("still referenced")) =>
            {
                Self::ResourceReferenced
            }
            Some("23503") => Self::RelatedMissing,
            Some("54000") => Self::KeyTooLong,
            // A deadlock: one of the two had to give way.
            Some("40P01") => Self::Overtaken,
            Some("55P03") => Self::ResourceLocked,
            Some("57014") => Self::DatabaseTimeout,
            Some("25006") => Self::DatabaseReadOnly,
            Some("42P17") => Self::DatabaseInvalidObjectDefinition,
            // The other two: what PostgreSQL's texts and JSON cannot have, a zero character before all.
            Some("22P02" | "22021" | "22P05") => Self::UnreadableValue(message()),
            Some("42703" | "42P01") => Self::DatabaseSchemaMismatch,
            Some(state) => Self::Database(state.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        let text = String::new;
        for (error, wire, real, code) in [
            (StorageError::NoSuchBucket, 400, 404, "NoSuchBucket"),
            (StorageError::NoSuchKey, 400, 404, "NoSuchKey"),
            (StorageError::NoBlob, 400, 404, "NoSuchKey"),
            (StorageError::InvalidJwt(text()), 400, 400, "InvalidJWT"),
            (
                StorageError::InvalidSignature(text()),
                400,
                400,
                "InvalidSignature",
            ),
            (StorageError::AccessDenied(text()), 400, 403, "AccessDenied"),
            (StorageError::InvalidRole, 403, 403, "AccessDenied"),
            (StorageError::KeyAlreadyExists, 400, 409, "KeyAlreadyExists"),
            (StorageError::BucketAlreadyExists, 400, 409, "BucketAlreadyExists"),
            (StorageError::ResourceNotEmpty, 400, 409, "ResourceNotEmpty"),
            (StorageError::InvalidBucketName, 400, 400, "InvalidBucketName"),
            (StorageError::InvalidKey(text()), 400, 400, "InvalidKey"),
            (StorageError::InvalidMimeType(text()), 400, 415, "InvalidMimeType"),
            (StorageError::TooLarge, 400, 413, "EntityTooLarge"),
            (StorageError::InvalidRange, 416, 416, "InvalidRange"),
            (StorageError::Route(text()), 404, 404, "InvalidRequest"),
            (StorageError::RelatedMissing, 400, 404, "InvalidRequest"),
            (StorageError::DatabaseTimeout, 544, 544, "DatabaseTimeout"),
            (StorageError::SlowDown, 429, 429, "SlowDown"),
            (StorageError::Internal(text()), 500, 500, "InternalError"),
            (StorageError::Database(text()), 500, 500, "DatabaseError"),
        ] {
            assert_eq!(error.status().as_u16(), wire, "{error:?}");
            assert_eq!(error.real_status(), real, "{error:?}");
            assert_eq!(error.code(), code);
        }
    }
}
