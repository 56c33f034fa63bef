//! `PUT /bucket/:id`

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::settings;
use crate::ask::Ask;
use crate::error::{Result, StorageError};
use crate::store::buckets::{self, Change};

pub(super) async fn answer(ask: Ask, id: &str) -> Result<Response> {
    let scope = ask.scope("storage.bucket.update")?;
    let state = ask.state.clone();
    let fields = ask.fields().await?;
    if !fields.has_any(&["public", "file_size_limit", "allowed_mime_types"]) {
        return Err(StorageError::Validation(
            "body must have required property 'public'".to_owned(),
        ));
    }
    let change = Change {
        public: fields.boolean("public")?,
        file_size_limit: settings::size_limit(&fields, &state.config)?,
        allowed_mime_types: settings::mime_types(&fields)?,
    };
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let (entered, changed) = futures_util::join!(scope.enter(&tx), buckets::update(&tx, id, &change));
    entered?;
    changed?;
    tx.commit().await?;
    Ok(Json(json!({ "message": "Successfully updated" })).into_response())
}
