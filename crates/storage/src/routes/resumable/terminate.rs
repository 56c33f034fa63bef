//! `DELETE`: gives an upload up.

use axum::response::IntoResponse;
use http::StatusCode;

use super::{Answer, Operation, find, refuse};
use crate::ask::Ask;
use crate::permission;
use crate::resuming::{give_up, probe};

pub(super) async fn answer(ask: Ask, is_signed: bool, id: &str) -> Answer {
    let found = find((&ask.state, &ask.parts), is_signed, id, Operation::Delete).await?;
    let (upload, terms) = (&found.upload, &found.upload.terms);
    if upload.is_complete {
        return refuse(400, "Cannot terminate an already completed upload");
    }
    let probe = probe(&upload.bucket, &upload.name, terms, upload.length);
    Box::pin(permission::may_write(
        &ask.state,
        &found.scope,
        &probe,
        terms.is_upsert,
    ))
    .await?;
    give_up(&ask.state, upload).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
