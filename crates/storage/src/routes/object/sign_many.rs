//! `POST /object/sign/:bucket`: such URLs for several objects; those that the caller may not read get none (§11).

use std::collections::HashSet;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::ask::{Ask, Target};
use crate::error::Result;
use crate::signing;
use crate::store::batches;

/// Most objects of a request.
const MOST: usize = 1000;

const UNREADABLE: &str = "Either the object does not exist or you do not have access to it";

pub(super) async fn answer(ask: Ask, bucket: &str) -> Result<Response> {
    let scope = ask.scope("storage.object.sign_many")?;
    let state = ask.state.clone();
    let fields = ask.fields().await?;
    fields.require(&["expiresIn", "paths"])?;
    let seconds = fields.integer("expiresIn", 1)?.unwrap_or_default();
    let paths = fields.required_texts("paths", MOST)?;
    signing::check_life(&state, seconds)?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let (entered, found) = futures_util::join!(scope.enter(&tx), batches::visible(&tx, bucket, &paths));
    entered?;
    let visible: HashSet<String> = found?.into_iter().collect();
    tx.rollback().await?;
    let signed = paths
        .into_iter()
        .map(|path| {
            if !visible.contains(&path) {
                return Ok(json!({ "error": UNREADABLE, "path": path, "signedURL": null }));
            }
            let target = Target {
                bucket: bucket.to_owned(),
                key: path.clone(),
            };
            let token = signing::download(&state, &target, seconds)?;
            let url = format!("/object/sign/{bucket}/{path}?token={token}");
            Ok(json!({ "error": null, "path": path, "signedURL": url }))
        })
        .collect::<Result<Vec<Value>>>()?;
    Ok(Json(signed).into_response())
}
