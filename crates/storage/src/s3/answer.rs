//! Answers in XML.

use axum::body::Body;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::error::{Result, StorageError};

/// The type of all documents.
pub const XML: HeaderValue = HeaderValue::from_static("application/xml; charset=utf-8");

/// The namespace of all documents but errors.
pub const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// A document as it goes out.
pub fn document(root: &impl Serialize) -> Result<String> {
    let text = quick_xml::se::to_string(root).map_err(|error| StorageError::Internal(error.to_string()))?;
    Ok(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}"))
}

/// A document as a 200.
pub fn xml(root: &impl Serialize) -> Result<Response> {
    let mut response = Response::new(Body::from(document(root)?));
    response.headers_mut().insert(CONTENT_TYPE, XML);
    Ok(response)
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A time as documents write it.
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A value of a header; what no header can carry is left out of the answer.
pub fn value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_bytes(text.as_bytes()).ok()
}
