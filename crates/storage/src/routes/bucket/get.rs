//! `GET /bucket/:id`

use axum::Json;
use axum::response::{IntoResponse, Response};

use crate::ask::Ask;
use crate::error::Result;
use crate::store::buckets;

pub(super) async fn answer(ask: Ask, id: &str) -> Result<Response> {
    let scope = ask.scope("storage.bucket.get")?;
    let mut connection = ask.state.pool.get().await?;
    let tx = connection.begin().await?;
    let (entered, found) = futures_util::join!(scope.enter(&tx), buckets::show(&tx, id));
    entered?;
    let mut bucket = found?;
    tx.rollback().await?;
    // Lists have it, one bucket has not.
    if let Some(bucket) = bucket.as_object_mut() {
        bucket.shift_remove("type");
    }
    Ok(Json(bucket).into_response())
}
