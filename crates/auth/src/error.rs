//! What this service refuses, and how that looks on the wire (auth.md sections 2 and 3).
//!
//! Handlers return [`AuthError`]. Turning one into a response needs the API version that the client asked for, so
//! [`IntoResponse`] only parks the error in the response and [`render`], a layer around the router, writes the body.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ferrobase_db::DbError;
use ferrobase_http::RequestId;
use serde_json::{Value, json};

mod code;
mod postgres;

pub use code::ErrorCode;

/// Result of everything a handler does.
pub type Result<T, E = AuthError> = std::result::Result<T, E>;

/// The fixed text of an internal error; the cause goes to the log.
const UNEXPECTED: &str = "Unexpected failure, please check server logs for more information";

/// Everything a request can fail with.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// A refusal that the client is told about.
    #[error("{code}: {message}")]
    Refused {
        /// HTTP status.
        status: StatusCode,
        /// Machine-readable code.
        code: ErrorCode,
        /// Text for people.
        message: Cow<'static, str>,
    },
    /// A password that breaks the rules (auth.md 19.3); always 422.
    #[error("weak password: {message}")]
    WeakPassword {
        /// The broken rules, joined.
        message: String,
        /// `length`, `characters`, `pwned`.
        reasons: Vec<&'static str>,
    },
    /// The OAuth shape; always 400.
    #[error("{error}: {description}")]
    OAuth {
        /// OAuth error name; one that a provider gave is relayed.
        error: Cow<'static, str>,
        /// Text for people.
        description: Cow<'static, str>,
    },
    /// The database refused or failed. Some codes raised by users' own triggers pass through (auth.md section 2).
    #[error("database: {source}")]
    Database {
        /// What the later API version tells the client.
        message: &'static str,
        /// The cause, for the log.
        #[source]
        source: DbError,
    },
    /// Anything else: 500 with a fixed text.
    #[error("internal: {0}")]
    Internal(Arc<dyn std::error::Error + Send + Sync>),
}

impl AuthError {
    /// A refusal with any status.
    pub fn refused(status: StatusCode, code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused {
            status,
            code,
            message: message.into(),
        }
    }

    /// 400.
    pub fn bad_request(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(StatusCode::BAD_REQUEST, code, message)
    }

    /// 400 `validation_failed`.
    pub fn validation(message: impl Into<Cow<'static, str>>) -> Self {
        Self::bad_request(ErrorCode::ValidationFailed, message)
    }

    /// 401.
    pub fn unauthorized(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(StatusCode::UNAUTHORIZED, code, message)
    }

    /// 403.
    pub fn forbidden(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(StatusCode::FORBIDDEN, code, message)
    }

    /// 404.
    pub fn not_found(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(StatusCode::NOT_FOUND, code, message)
    }

    /// 422.
    pub fn unprocessable(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    /// 429.
    pub fn too_many(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(StatusCode::TOO_MANY_REQUESTS, code, message)
    }

    /// 400 in the OAuth shape.
    pub fn oauth(error: impl Into<Cow<'static, str>>, description: impl Into<Cow<'static, str>>) -> Self {
        Self::OAuth {
            error: error.into(),
            description: description.into(),
        }
    }

    /// 500 with a text that is safe to show.
    pub fn failed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::UnexpectedFailure,
            message,
        )
    }

    /// 500 with the fixed text; `cause` is logged.
    pub fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal(Arc::new(cause))
    }

    /// Wraps a database failure with the text that the original shows for this operation.
    pub fn database(message: &'static str) -> impl FnOnce(DbError) -> Self {
        move |source| postgres::unfit_value(&source).unwrap_or(Self::Database { message, source })
    }

    /// HTTP status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Refused { status, .. } => *status,
            Self::WeakPassword { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::OAuth { .. } => StatusCode::BAD_REQUEST,
            Self::Database { source, .. } => {
                postgres::passed_through(source).map_or(StatusCode::INTERNAL_SERVER_ERROR, |p| p.status)
            }
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Code of the answer.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused { code, .. } => *code,
            Self::WeakPassword { .. } => ErrorCode::WeakPassword,
            Self::OAuth { .. } => ErrorCode::Unknown,
            Self::Database { .. } | Self::Internal(_) => ErrorCode::UnexpectedFailure,
        }
    }

    /// The text a client may see.
    pub fn public_message(&self) -> Cow<'_, str> {
        match self {
            Self::Refused { message, .. } => Cow::Borrowed(message),
            Self::WeakPassword { message, .. } => Cow::Borrowed(message),
            Self::OAuth { description, .. } => Cow::Borrowed(description),
            Self::Database { message, .. } => {
                Cow::Borrowed(if message.is_empty() { UNEXPECTED } else { message })
            }
            Self::Internal(_) => Cow::Borrowed(UNEXPECTED),
        }
    }

    /// The body in the dialect of `version`.
    fn body(&self, version: ApiVersion, request_id: &str) -> Value {
        let status = self.status().as_u16();
        let code = self.code().as_str();
        match (self, version) {
            (Self::OAuth { error, description }, _) => {
                json!({ "error": error, "error_description": description })
            }
            (Self::WeakPassword { message, reasons }, ApiVersion::Initial) => {
                json!({ "code": status, "error_code": code, "msg": message, "weak_password": { "reasons": reasons } })
            }
            (Self::WeakPassword { message, reasons }, ApiVersion::V20240101) => {
                json!({ "code": code, "message": message, "weak_password": { "reasons": reasons } })
            }
            (Self::Database { source, .. }, ApiVersion::Initial)
                if postgres::passed_through(source).is_some() =>
            {
                postgres::passed_through(source).map_or(Value::Null, |p| p.body)
            }
            (_, ApiVersion::V20240101) => json!({ "code": code, "message": self.public_message() }),
            (_, ApiVersion::Initial) if status >= 500 => {
                json!({ "code": status, "error_code": code, "msg": self.public_message(), "error_id": request_id })
            }
            (_, ApiVersion::Initial) => {
                json!({ "code": status, "error_code": code, "msg": self.public_message() })
            }
        }
    }

    fn log(&self) {
        match self {
            Self::Database { source, .. } => {
                tracing::error!(error = %source, detail = ?source.db_message(), "database error");
            }
            Self::Internal(cause) => tracing::error!(error = %chain(cause.as_ref()), "internal error"),
            other if other.status().is_server_error() => tracing::error!(error = %other, "request failed"),
            other => tracing::debug!(error = %other, "refused"),
        }
    }
}

impl From<DbError> for AuthError {
    fn from(source: DbError) -> Self {
        postgres::unfit_value(&source).unwrap_or(Self::Database { message: "", source })
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// The two error shapes (auth.md section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiVersion {
    /// No or an old `X-Supabase-Api-Version`.
    Initial,
    /// 2024-01-01 and later.
    V20240101,
}

const VERSION_HEADER: HeaderName = HeaderName::from_static("x-supabase-api-version");

impl ApiVersion {
    /// Reads the negotiation header; anything unreadable means [`ApiVersion::Initial`].
    pub fn of(headers: &HeaderMap) -> Self {
        let date = headers
            .get(&VERSION_HEADER)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok());
        match (date, chrono::NaiveDate::from_ymd_opt(2024, 1, 1)) {
            (Some(date), Some(first)) if date >= first => Self::V20240101,
            _ => Self::Initial,
        }
    }
}

#[derive(Clone)]
struct Parked(Arc<AuthError>);

impl IntoResponse for AuthError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Parked(Arc::new(self)));
        response
    }
}

/// Layer that writes the body of a parked error in the version the request asked for.
pub async fn render(request: Request, next: Next) -> Response {
    let version = ApiVersion::of(request.headers());
    let request_id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    let Some(Parked(error)) = response.extensions_mut().remove::<Parked>() else {
        return response;
    };
    error.log();
    let id = request_id.as_ref().map_or("", |id| &id.0);
    let body = error.body(version, id).to_string();
    let mut rendered = (error.status(), [(header::CONTENT_TYPE, "application/json")], body).into_response();
    let headers = rendered.headers_mut();
    let weak_in_later_shape =
        matches!(*error, AuthError::WeakPassword { .. }) && version == ApiVersion::V20240101;
    if !matches!(*error, AuthError::OAuth { .. }) && !weak_in_later_shape {
        headers.insert(
            HeaderName::from_static("x-sb-error-code"),
            HeaderValue::from_static(error.code().as_str()),
        );
    }
    if version == ApiVersion::V20240101 {
        headers.insert(VERSION_HEADER, HeaderValue::from_static("2024-01-01"));
    }
    rendered
}

#[cfg(test)]
mod tests;
