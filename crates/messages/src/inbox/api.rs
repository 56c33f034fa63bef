//! Mailpit's HTTP API.

use super::message::{Message, Summary};
use super::store::Inbox;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// Messages in an answer when the caller names no limit, as in Mailpit.
const DEFAULT_LIMIT: usize = 50;
/// Bytes of a request: 1,000 ids and then some.
const MAX_REQUEST: usize = 64 * 1024;

pub(super) fn routes() -> Router<Inbox> {
    Router::new()
        .route("/api/v1/info", get(info))
        .route("/api/v1/messages", get(list).put(set_read).delete(delete))
        .route("/api/v1/search", get(search).delete(delete_found))
        .route("/api/v1/tags", get(tags))
        .route("/api/v1/message/{id}", get(message))
        .route("/api/v1/message/{id}/headers", get(headers))
        .route("/api/v1/message/{id}/raw", get(raw))
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(|| async { "ok" }))
}

/// Text, so that a number which is none is ignored as in Mailpit instead of failing the request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page {
    query: String,
    start: String,
    limit: String,
}

impl Page {
    fn start(&self) -> usize {
        self.start.parse().unwrap_or(0)
    }

    fn limit(&self) -> usize {
        self.limit
            .parse()
            .ok()
            .filter(|limit| *limit > 0)
            .unwrap_or(DEFAULT_LIMIT)
    }
}

/// Mailpit's `MessagesSummary`.
#[derive(Serialize)]
struct Listing<'a> {
    total: usize,
    unread: usize,
    count: usize,
    messages_count: usize,
    messages_unread: usize,
    start: usize,
    tags: Vec<&'a str>,
    messages: Vec<Summary<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Selection {
    #[serde(rename = "IDs", alias = "ids", alias = "Ids")]
    ids: Vec<String>,
    #[serde(rename = "Read", alias = "read")]
    read: bool,
}

async fn list(State(inbox): State<Inbox>, Query(page): Query<Page>) -> Response {
    listing(&inbox, &inbox.find(""), &page)
}

async fn search(State(inbox): State<Inbox>, Query(page): Query<Page>) -> Response {
    if page.query.trim().is_empty() {
        return (StatusCode::BAD_REQUEST, "Error: no search query").into_response();
    }
    listing(&inbox, &inbox.find(&page.query), &page)
}

fn listing(inbox: &Inbox, found: &[Arc<Message>], page: &Page) -> Response {
    let totals = inbox.totals();
    let messages: Vec<_> = found
        .iter()
        .skip(page.start())
        .take(page.limit())
        .map(|message| message.summary())
        .collect();
    Json(Listing {
        total: totals.total,
        unread: totals.unread,
        count: messages.len(),
        messages_count: found.len(),
        messages_unread: found.iter().filter(|message| !message.is_read()).count(),
        start: page.start(),
        tags: all_tags(found),
        messages,
    })
    .into_response()
}

fn all_tags(messages: &[Arc<Message>]) -> Vec<&str> {
    let mut tags: Vec<&str> = messages
        .iter()
        .flat_map(|message| &message.tags)
        .map(String::as_str)
        .collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

async fn tags(State(inbox): State<Inbox>) -> Response {
    Json(all_tags(&inbox.find(""))).into_response()
}

async fn set_read(State(inbox): State<Inbox>, body: Body) -> Response {
    let selection = match selection(body).await {
        Ok(selection) => selection,
        Err(response) => return response,
    };
    for message in inbox.find("") {
        if selection.ids.is_empty() || selection.ids.contains(&message.id) {
            inbox.mark(&message, selection.read);
        }
    }
    "ok".into_response()
}

async fn delete(State(inbox): State<Inbox>, body: Body) -> Response {
    match selection(body).await {
        Ok(selection) if selection.ids.is_empty() => inbox.clear(),
        Ok(selection) => inbox.remove(&selection.ids),
        Err(response) => return response,
    }
    "ok".into_response()
}

async fn delete_found(State(inbox): State<Inbox>, Query(page): Query<Page>) -> Response {
    if page.query.trim().is_empty() {
        return (StatusCode::BAD_REQUEST, "Error: no search query").into_response();
    }
    let ids: Vec<String> = inbox
        .find(&page.query)
        .iter()
        .map(|message| message.id.clone())
        .collect();
    inbox.remove(&ids);
    "ok".into_response()
}

/// The request's selection; no body is the empty one. A body that is not understood must not delete everything.
async fn selection(body: Body) -> Result<Selection, Response> {
    let body = ferrobase_http::read_body(body, MAX_REQUEST)
        .await
        .map_err(|_| (StatusCode::PAYLOAD_TOO_LARGE, "Error: the body is too large").into_response())?;
    if body.trim_ascii().is_empty() {
        return Ok(Selection::default());
    }
    serde_json::from_slice(&body)
        .map_err(|_| (StatusCode::BAD_REQUEST, "Error: the body is not valid JSON").into_response())
}

async fn message(State(inbox): State<Inbox>, Path(id): Path<String>) -> Response {
    let Some(message) = inbox.get(&id) else {
        return not_found();
    };
    inbox.mark(&message, true);
    Json(message.detail()).into_response()
}

async fn headers(State(inbox): State<Inbox>, Path(id): Path<String>) -> Response {
    inbox
        .get(&id)
        .map_or_else(not_found, |message| Json(message.headers()).into_response())
}

async fn raw(State(inbox): State<Inbox>, Path(id): Path<String>) -> Response {
    let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    inbox
        .get(&id)
        .map_or_else(not_found, |message| (plain, message.raw()).into_response())
}

pub(super) fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "message not found").into_response()
}

async fn info(State(inbox): State<Inbox>) -> Response {
    let totals = inbox.totals();
    let version = concat!("ferrobase/", env!("CARGO_PKG_VERSION"));
    Json(json!({
        "Version": version,
        "LatestVersion": version,
        "Database": "memory",
        "DatabaseSize": totals.bytes,
        "Messages": totals.total,
        "Unread": totals.unread,
        "Tags": {},
        "RuntimeStats": {
            "Uptime": totals.uptime,
            "Memory": totals.bytes,
            "MessagesDeleted": totals.deleted,
            "SMTPAccepted": totals.accepted,
            "SMTPAcceptedSize": totals.bytes,
            "SMTPRejected": 0,
            "SMTPIgnored": 0,
        },
    }))
    .into_response()
}
