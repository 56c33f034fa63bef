//! `POST /object/sign/:bucket/*`: a URL by which everybody can read an object for a while (§11).

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::ask::{Ask, Target};
use crate::error::Result;
use crate::images::Transform;
use crate::{permission, signing};

pub(super) async fn answer(ask: Ask, target: Target) -> Result<Response> {
    let scope = ask.scope("storage.object.sign")?;
    let state = ask.state.clone();
    let fields = ask.fields().await?;
    fields.require(&["expiresIn"])?;
    let seconds = fields.integer("expiresIn", 1)?.unwrap_or_default();
    target.check()?;
    let images = &state.config.images;
    let transform = fields.object("transform")?.filter(|_| images.enabled);
    let transform = match transform {
        Some(fields) => Some(Transform::of(&fields, images)?).filter(|transform| !transform.is_empty()),
        None => None,
    };
    signing::check_life(&state, seconds)?;
    permission::read(&state, &scope, &target.bucket, &target.key).await?;
    let (place, token) = match &transform {
        None => ("object", signing::download(&state, &target, seconds)?),
        Some(transform) => (
            "render/image",
            signing::render(&state, &target, seconds, transform)?,
        ),
    };
    let url = format!("/{place}/sign/{}/{}?token={token}", target.bucket, target.key);
    Ok(Json(json!({ "signedURL": url })).into_response())
}
