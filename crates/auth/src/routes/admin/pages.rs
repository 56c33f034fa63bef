//! Answers that are a page of a list.

use axum::Json;
use axum::http::HeaderName;
use axum::http::header::LINK;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// How many rows the whole list has.
const TOTAL: HeaderName = HeaderName::from_static("x-total-count");

/// A page with the headers that the official client reads.
pub(super) fn answer(link: String, total: u64, page: &impl Serialize) -> Response {
    ([(LINK, link), (TOTAL, total.to_string())], Json(page)).into_response()
}

/// The parameters that were given.
pub(super) fn given<'a>(parameters: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, &'a str)> {
    parameters
        .iter()
        .filter_map(|(name, value)| value.map(|value| (*name, value)))
        .collect()
}
