//! `GET` and `HEAD /:bucket/:key`

use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, EXPIRES,
};
use http::{HeaderName, Method, StatusCode};

use crate::ask::Target;
use crate::error::Result;
use crate::reading::Reader;
use crate::s3::answer::value;
use crate::s3::call::Call;
use crate::s3::fault::Fault;
use crate::s3::metadata;

/// Parameters that replace headers of the answer.
const REPLACED: [(&str, HeaderName); 6] = [
    ("response-content-type", CONTENT_TYPE),
    ("response-content-language", CONTENT_LANGUAGE),
    ("response-expires", EXPIRES),
    ("response-cache-control", CACHE_CONTROL),
    ("response-content-disposition", CONTENT_DISPOSITION),
    ("response-content-encoding", CONTENT_ENCODING),
];

pub(super) async fn answer(call: Call, target: Target) -> Result<Response> {
    let operation = if call.parts.method == Method::HEAD {
        "storage.s3.object.info"
    } else {
        "storage.s3.object.get"
    };
    let reader = Reader::S3(call.scope(operation));
    let (object, mut response) = reader.answer_with(&call.state, &call.parts, &target).await?;
    let headers = response.headers_mut();
    headers.remove(CONTENT_DISPOSITION);
    metadata::show(object.user_metadata.as_ref(), headers);
    if response.status() == StatusCode::NOT_MODIFIED {
        return Ok(response);
    }
    let is_whole = response.status() == StatusCode::OK;
    let headers = response.headers_mut();
    let is_one = is_whole || headers.contains_key(http::header::CONTENT_RANGE);
    // Nobody opens this address in a browser without a signature that says so: the type is what was stored.
    if is_one && let Some(mime) = object.text("mimetype").and_then(value) {
        headers.insert(CONTENT_TYPE, mime);
    }
    for (parameter, header) in REPLACED {
        if let Some(text) = call.query.text(parameter) {
            let value = value(text).ok_or(Fault::InvalidArgument("response"))?;
            headers.insert(header, value);
        }
    }
    Ok(response)
}
