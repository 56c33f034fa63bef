//! `POST /bucket`

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use uuid::Uuid;

use super::settings;
use crate::ask::Ask;
use crate::error::{Result, StorageError};
use crate::model::names;
use crate::store::buckets::{self, NewBucket};

pub(super) async fn answer(ask: Ask) -> Result<Response> {
    let scope = ask.scope("storage.bucket.create")?;
    let state = ask.state.clone();
    let fields = ask.fields().await?;
    let name = fields.required_text("name")?;
    let id = fields.text("id")?.filter(|id| !id.is_empty());
    let public = fields.boolean("public")?.unwrap_or_default();
    let kind = fields.choice("type", &["STANDARD", "ANALYTICS"])?;
    names::check_new_bucket(&name)?;
    if kind == Some("ANALYTICS") {
        return Err(StorageError::NotSupported("Analytics buckets"));
    }
    let owner_id = scope.caller.sub.clone();
    let new = NewBucket {
        id: id.unwrap_or_else(|| name.clone()),
        owner: owner_id.as_deref().and_then(|sub| Uuid::parse_str(sub).ok()),
        owner_id,
        public,
        file_size_limit: settings::size_limit(&fields, &state.config)?.flatten(),
        allowed_mime_types: settings::mime_types(&fields)?.flatten(),
        name,
    };
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let (entered, made) = futures_util::join!(scope.enter(&tx), buckets::insert(&tx, &new));
    entered?;
    made.map_err(|error| match error {
        StorageError::ResourceAlreadyExists => StorageError::BucketAlreadyExists,
        other => other,
    })?;
    tx.commit().await?;
    Ok(Json(json!({ "name": new.name })).into_response())
}
