//! `POST /object/list/:bucket`: a folder's files and folders (§7).

use axum::Json;
use axum::response::{IntoResponse, Response};

use crate::ask::Ask;
use crate::error::Result;
use crate::store::listing::{self, Search};

/// Most entries of a page.
const MOST: i64 = 1500;

pub(super) async fn answer(ask: Ask, bucket: &str) -> Result<Response> {
    let scope = ask.scope("storage.object.list")?;
    let state = ask.state.clone();
    let fields = ask.fields().await?;
    let mut prefix = fields.required_text("prefix")?;
    if !prefix.is_empty() && !prefix.ends_with('/') {
        prefix.push('/');
    }
    let sort = fields.object("sortBy")?;
    let (mut column, mut order) = (None, None);
    if let Some(sort) = sort {
        column = sort.choice(
            "column",
            &["name", "updated_at", "created_at", "last_accessed_at"],
        )?;
        order = sort.choice("order", &["asc", "desc"])?;
    }
    let limit = fields.integer("limit", 1)?.unwrap_or(100).min(MOST);
    let offset = fields.integer("offset", 0)?.unwrap_or_default();
    let page = Search {
        prefix,
        search: fields.text("search")?.unwrap_or_default(),
        limit: i32::try_from(limit).unwrap_or(i32::MAX),
        offset: i32::try_from(offset).unwrap_or(i32::MAX),
        column: column.unwrap_or("name"),
        order: order.unwrap_or("asc"),
    };
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let (entered, found, undone) =
        futures_util::join!(scope.enter(&tx), listing::search(&tx, bucket, &page), tx.undo());
    entered?;
    let entries = found?;
    undone?;
    Ok(Json(entries).into_response())
}
