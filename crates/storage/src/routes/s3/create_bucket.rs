//! `PUT /:bucket`

use axum::response::Response;
use http::StatusCode;
use http::header::LOCATION;
use uuid::Uuid;

use crate::error::{Result, StorageError};
use crate::model::names;
use crate::s3::answer::{empty, value};
use crate::s3::call::Call;
use crate::store::buckets::{self, NewBucket};

pub(super) async fn answer(mut call: Call, name: &str) -> Result<Response> {
    let scope = call.scope("storage.s3.bucket.create");
    names::check_new_bucket(name)?;
    let public = call.header("x-amz-acl") == Some("public-read");
    // A region that it asks for: there is one.
    call.document().await?;
    let owner_id = scope.caller.sub.clone();
    let new = NewBucket {
        id: name.to_owned(),
        name: name.to_owned(),
        owner: owner_id.as_deref().and_then(|sub| Uuid::parse_str(sub).ok()),
        owner_id,
        public,
        file_size_limit: None,
        allowed_mime_types: None,
    };
    let mut connection = call.state.pool.get().await?;
    let tx = connection.begin().await?;
    let (entered, made) = futures_util::join!(scope.enter(&tx), buckets::insert(&tx, &new));
    entered?;
    made.map_err(|error| match error {
        StorageError::ResourceAlreadyExists => StorageError::BucketAlreadyExists,
        other => other,
    })?;
    tx.commit().await?;
    let mut response = empty(StatusCode::OK);
    if let Some(location) = value(&format!("/{name}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}
