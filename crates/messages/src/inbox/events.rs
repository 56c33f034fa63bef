//! News for open pages, as server-sent events.

use super::store::{Inbox, News};
use axum::Router;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use http::StatusCode;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// Tells a page that it missed news and must load the list again; Mailpit's name for the same.
const RELOAD: &str = r#"{"Type":"prune","Data":null}"#;

pub(super) fn routes() -> Router<Inbox> {
    Router::new().route("/api/events", get(events))
}

async fn events(State(inbox): State<Inbox>) -> Response {
    let Ok(permit) = Arc::clone(inbox.pages()).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many open pages").into_response();
    };
    let Some(listener) = inbox.listen() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the inbox is closing").into_response();
    };
    // The permit lives as long as the stream.
    let stream = stream::unfold((listener, permit), |(mut listener, permit)| async move {
        let data: Arc<str> = match listener.recv().await {
            Ok(News::Event(data)) => data,
            Err(RecvError::Lagged(_)) => RELOAD.into(),
            Ok(News::Closed) | Err(RecvError::Closed) => return None,
        };
        Some((
            Ok::<_, Infallible>(Event::default().data(data)),
            (listener, permit),
        ))
    });
    Sse::new(stream)
        .keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
        .into_response()
}
