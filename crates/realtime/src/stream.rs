//! Changes of the database, and broadcasts from it (§5.4, §7): one replication stream, which begins with the first need.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ferrobase_changes::{Feed, FeedOptions, Subscriber};
use ferrobase_db::Db;
use ferrobase_replication::{
    Change, ChangeKind, Event, Lag, State as StreamState, StatusWatch, Stream, StreamOptions, Value,
};
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::feed::{ChangeFeed, LiveSubscription, Unavailable, subscribe};
use crate::model::broadcast::{Body, Broadcast};
use crate::state::State;

/// Tables that can be subscribed to.
const PUBLICATION: &str = "supabase_realtime";
/// Messages to broadcast.
const MESSAGES: &str = "supabase_realtime_messages_publication";
/// Begins the names of our slots.
const SLOTS: &str = "ferrobase_realtime_";
/// Bytes of events that wait.
const QUEUE: usize = 32 << 20;
/// Connections for asking what subscribers see.
const CHECKS: usize = 4;

/// The stream of a database.
#[derive(Debug)]
pub struct DatabaseStream {
    db: Db,
    /// Makes this process's slot different from all others'.
    process: String,
    ended: watch::Receiver<bool>,
    running: Mutex<Option<(Feed, StatusWatch)>>,
    /// Where broadcasts go.
    state: Arc<OnceLock<State>>,
}

impl DatabaseStream {
    /// Nothing happens before somebody needs it; it ends when `ended` says true.
    pub fn new(db: Db, process: String, ended: watch::Receiver<bool>) -> Self {
        Self {
            db,
            process,
            ended,
            running: Mutex::new(None),
            state: Arc::default(),
        }
    }

    /// Says where broadcasts from the database go.
    pub fn deliver_to(&self, state: State) {
        let _ = self.state.set(state);
    }

    fn running(&self) -> Option<(Feed, StatusWatch)> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_none() {
            match self.begin() {
                Ok(begun) => *running = Some(begun),
                Err(error) => tracing::error!(%error, "the stream of database changes cannot begin"),
            }
        }
        running.clone()
    }

    fn begin(&self) -> Result<(Feed, StatusWatch), Box<dyn std::error::Error + Send + Sync>> {
        let options = StreamOptions {
            publications: vec![PUBLICATION.to_owned(), MESSAGES.to_owned()],
            slot_prefix: SLOTS.to_owned(),
            process: self.process.clone(),
            queue_bytes: QUEUE,
            max_lag: None,
        };
        let (stream, events, status) = Stream::new(&self.db, options)?;
        let options = FeedOptions {
            publication: PUBLICATION.to_owned(),
            check_connections: CHECKS,
        };
        let feed = Feed::new(&self.db, status.clone(), options)?;
        let mut ended = self.ended.clone();
        tokio::spawn(stream.run(async move {
            let _ = ended.wait_for(|ended| *ended).await;
        }));
        let (reader, state) = (feed.clone(), Arc::clone(&self.state));
        tokio::spawn(async move {
            let broadcast = |event: &Event| {
                if let (Event::Change(change), Some(state)) = (event, state.get())
                    && let Some((topic, is_private, broadcast)) = message(change)
                {
                    state.deliver(&topic, is_private, &broadcast);
                }
            };
            reader.run(events, broadcast).await;
        });
        Ok((feed, status))
    }
}

impl ChangeFeed for DatabaseStream {
    fn subscribe(&self, subscriber: Subscriber) -> Box<dyn LiveSubscription> {
        match self.running() {
            Some((feed, _)) => subscribe(&feed, subscriber),
            None => Unavailable.subscribe(subscriber),
        }
    }

    fn streaming(&self) -> BoxFuture<'static, bool> {
        let Some((_, mut status)) = self.running() else {
            return Box::pin(async { false });
        };
        Box::pin(async move {
            while status.settled().await {
                if status.state() == StreamState::Streaming {
                    return true;
                }
                if !status.changed().await {
                    break;
                }
            }
            false
        })
    }

    fn need(&self) {
        let _ = self.running();
    }

    fn lag(&self) -> Option<Lag> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().map(|(_, status)| status.lag())
    }
}

/// The broadcast that a new row of `realtime.messages` is.
fn message(change: &Change) -> Option<(String, bool, Broadcast)> {
    let relation = &change.relation;
    let is_message = change.kind == ChangeKind::Insert
        && &*relation.schema == "realtime"
        && (&*relation.name == "messages" || relation.name.starts_with("messages_"));
    if !is_message {
        return None;
    }
    let row = change.new.as_ref()?;
    let text = |name: &str| {
        let place = relation.columns.iter().position(|column| &*column.name == name)?;
        match row.get(place)? {
            Value::Text(text) => Some(text.clone()),
            Value::Null | Value::Absent => None,
        }
    };
    let string = |name: &str| text(name).and_then(|text| String::from_utf8(text.to_vec()).ok());
    let (topic, event, id, private) = (
        string("topic")?,
        string("event")?,
        string("id")?,
        string("private")?,
    );
    let bytes = string("binary_payload").and_then(|hex| {
        let digits = hex.strip_prefix("\\x")?;
        data_encoding::HEXLOWER.decode(digits.as_bytes()).ok()
    });
    let body = match (bytes, text("payload")) {
        (Some(bytes), _) => Body::Binary(bytes.into()),
        (None, Some(json)) => Body::Json(json),
        (None, None) => {
            tracing::warn!(id, "UnableToBroadcastChanges: a message without a payload");
            return None;
        }
    };
    let broadcast = Broadcast::User {
        event: event.into(),
        body,
        meta: Some(serde_json::json!({ "id": id }).to_string().into()),
        id: Some(id.into()),
    };
    Some((topic, private == "t", broadcast))
}
