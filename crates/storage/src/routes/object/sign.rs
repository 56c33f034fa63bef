//! `POST /object/sign/:bucket/*`: a URL by which everybody can read an object for a while (§11).

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::ask::{Ask, Target};
use crate::error::{Result, StorageError};
use crate::{permission, signing};

pub(super) async fn answer(ask: Ask, target: Target) -> Result<Response> {
    let scope = ask.scope("storage.object.sign")?;
    let state = ask.state.clone();
    let fields = ask.fields().await?;
    fields.require(&["expiresIn"])?;
    let seconds = fields.integer("expiresIn", 1)?.unwrap_or_default();
    target.check()?;
    if fields
        .get("transform")
        .is_some_and(|transform| transform.as_object().is_some_and(|all| !all.is_empty()))
    {
        return Err(StorageError::NotSupported("Image transformations"));
    }
    signing::check_life(&state, seconds)?;
    permission::read(&state, &scope, &target.bucket, &target.key).await?;
    let token = signing::download(&state, &target, seconds)?;
    let url = format!("/object/sign/{}/{}?token={token}", target.bucket, target.key);
    Ok(Json(json!({ "signedURL": url })).into_response())
}
