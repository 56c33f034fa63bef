//! `HEAD /:bucket`

use axum::response::Response;
use http::{HeaderName, StatusCode};

use crate::error::Result;
use crate::s3::answer::{empty, value};
use crate::s3::call::Call;

const REGION: HeaderName = HeaderName::from_static("x-amz-bucket-region");

pub(super) async fn answer(call: Call, bucket: &str) -> Result<Response> {
    super::describe_bucket::must_see(&call, bucket, "storage.s3.bucket.head").await?;
    let mut response = empty(StatusCode::OK);
    if let Some(region) = value(&call.state.config.s3.region) {
        response.headers_mut().insert(REGION, region);
    }
    Ok(response)
}
