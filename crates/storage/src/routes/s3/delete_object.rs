//! `DELETE /:bucket/:key`: as often as one likes.

use axum::response::Response;
use http::StatusCode;

use crate::ask::Target;
use crate::error::{Result, StorageError};
use crate::removing;
use crate::s3::answer::empty;
use crate::s3::call::Call;
use crate::store::buckets;

pub(super) async fn answer(call: Call, target: Target) -> Result<Response> {
    let scope = call.scope("storage.s3.object.delete");
    match removing::one(&call.state, &scope, &target).await {
        Ok(()) => {}
        Err(StorageError::NoSuchKey) => {
            buckets::find(&call.state.pool.reads(), &target.bucket).await?;
        }
        Err(error) => return Err(error),
    }
    Ok(empty(StatusCode::NO_CONTENT))
}
