//! The upper bound for a request (auth.md section 1).

use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::{AuthError, ErrorCode};

/// Answers 504 when the handler takes longer than `limit`; what it was doing is undone.
pub(in crate::routes) async fn enforce(limit: Duration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => AuthError::refused(
            StatusCode::GATEWAY_TIMEOUT,
            ErrorCode::RequestTimeout,
            "Request timed out while processing, please retry after a moment.",
        )
        .into_response(),
    }
}
