//! `DELETE /:bucket`: an empty one.

use axum::response::Response;
use http::StatusCode;

use crate::error::{Result, StorageError};
use crate::s3::answer::empty;
use crate::s3::call::Call;
use crate::store::buckets;

pub(super) async fn answer(call: Call, bucket: &str) -> Result<Response> {
    let scope = call.scope("storage.s3.bucket.delete");
    let mut connection = call.state.pool.get().await?;
    let tx = connection.begin().await?;
    // Whether it is empty is asked as the owner of the tables: the caller may not see all that is in it.
    if buckets::lock(&tx, bucket).await? {
        return Err(StorageError::ResourceNotEmpty);
    }
    let (entered, deleted) = futures_util::join!(scope.enter(&tx), buckets::delete(&tx, bucket));
    entered?;
    deleted?;
    tx.commit().await?;
    Ok(empty(StatusCode::NO_CONTENT))
}
