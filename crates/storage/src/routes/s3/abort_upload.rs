//! `DELETE /:bucket/:key?uploadId=…`: gives an upload up.

use axum::response::Response;
use http::StatusCode;

use super::upload_of;
use crate::ask::Target;
use crate::error::Result;
use crate::s3::answer::empty;
use crate::s3::call::Call;

pub(super) async fn answer(call: Call, target: Target) -> Result<Response> {
    let order = upload_of(&call, target, "storage.s3.upload.abort_multipart")?;
    order.abort(&call.state).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}
