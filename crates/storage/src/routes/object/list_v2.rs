//! `POST /object/list-v2/:bucket`: keys, page after page (§7).

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::ask::Ask;
use crate::caller::Caller;
use crate::error::Result;
use crate::fields::Fields;
use crate::model::cursor::Cursor;
use crate::scope::Scope;
use crate::store::listing::{self, Entry, Page};

/// Most entries of a page.
const MOST: i64 = 1000;

#[derive(Serialize)]
struct Answer {
    #[serde(rename = "hasNext")]
    has_next: bool,
    #[serde(rename = "nextCursor", skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    #[serde(rename = "nextCursorKey", skip_serializing_if = "Option::is_none")]
    next_cursor_key: Option<String>,
    folders: Vec<Entry>,
    objects: Vec<Entry>,
}

pub(super) async fn answer(ask: Ask, bucket: &str) -> Result<Response> {
    // Its schema does not ask for the header: a missing token is a wrong one.
    let caller = Caller::verified(&ask.parts, &ask.state)?;
    let scope = Scope::new(caller, &ask.parts, "storage.object.list_v2");
    let state = ask.state.clone();
    let (page, limit) = page_of(&ask.fields().await?)?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let (entered, found, undone) =
        futures_util::join!(scope.enter(&tx), listing::page(&tx, bucket, &page), tx.undo());
    entered?;
    let entries = found?;
    undone?;
    Ok(Json(divided(entries, &page, limit)).into_response())
}

/// The page that is asked for, with one entry more than are shown, and how many are.
fn page_of(fields: &Fields) -> Result<(Page, usize)> {
    let (mut column, mut order) = (None, None);
    if let Some(sort) = fields.object("sortBy")? {
        column = sort.choice("column", &["name", "updated_at", "created_at"])?;
        order = sort.choice("order", &["asc", "desc"])?;
    }
    let limit = fields.integer("limit", 1)?.unwrap_or(MOST).min(MOST);
    let cursor = match fields.text("cursor")?.filter(|cursor| !cursor.is_empty()) {
        Some(text) => Cursor::read(&text)?,
        None => Cursor::default(),
    };
    let page = Page {
        prefix: fields.text("prefix")?.unwrap_or_default(),
        limit: i32::try_from(limit).unwrap_or(i32::MAX) + 1,
        with_folders: fields.boolean("with_delimiter")?.unwrap_or_default(),
        column: cursor.column.or(column).unwrap_or("name"),
        order: cursor.order.or(order).unwrap_or("asc"),
        after: cursor.last,
        after_time: cursor.time.unwrap_or_default(),
    };
    Ok((page, usize::try_from(limit).unwrap_or(usize::MAX)))
}

fn divided(mut entries: Vec<Entry>, page: &Page, limit: usize) -> Answer {
    let has_next = entries.len() > limit;
    entries.truncate(limit);
    if page.with_folders {
        for entry in &mut entries {
            entry.key = entry.name.rsplit('/').next().map(str::to_owned);
            if entry.id.is_none() {
                entry.name.push('/');
            }
        }
    }
    let last = entries.last().filter(|_| has_next);
    let next = last.map(|last| Cursor {
        last: last.name.clone(),
        order: Some(page.order),
        column: Some(page.column),
        time: match page.column {
            "created_at" => last.created_at.clone(),
            "updated_at" => last.updated_at.clone(),
            _ => None,
        },
    });
    let next_cursor_key = last.map(|last| last.name.clone());
    let (folders, objects) = entries.into_iter().partition(|entry| entry.id.is_none());
    Answer {
        has_next,
        next_cursor: next.map(|cursor| cursor.write()),
        next_cursor_key,
        folders,
        objects,
    }
}
