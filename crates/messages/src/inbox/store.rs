//! The messages, newest last, and the news about them.

use super::message::{Message, NewMessage};
use super::search::Query;
use super::{MAX_BYTES, MAX_MESSAGES};
use ferrobase_jwt::{Clock, Random};
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, broadcast};

/// News a slow page may lag behind before it is told to reload.
const NEWS: usize = 64;
/// Pages that may be open at once.
const MAX_PAGES: usize = 64;
const ID_ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The inbox; cheap to clone, all clones are one inbox.
#[derive(Debug, Clone)]
pub struct Inbox {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    random: Random,
    started: i64,
    kept: Mutex<Kept>,
    news: broadcast::Sender<News>,
    pages: Arc<Semaphore>,
    closed: AtomicBool,
}

#[derive(Debug, Default)]
struct Kept {
    messages: VecDeque<Arc<Message>>,
    bytes: usize,
    deleted: u64,
    accepted: u64,
}

/// What changed: the JSON a page gets, or that the inbox closes.
#[derive(Debug, Clone)]
pub(super) enum News {
    Event(Arc<str>),
    Closed,
}

/// Numbers about the inbox.
#[derive(Debug, Clone, Copy)]
pub(super) struct Totals {
    pub(super) total: usize,
    pub(super) unread: usize,
    pub(super) bytes: usize,
    pub(super) deleted: u64,
    pub(super) accepted: u64,
    pub(super) uptime: i64,
}

impl Inbox {
    /// An empty inbox.
    pub fn new(clock: Clock, random: Random) -> Self {
        let shared = Shared {
            started: clock.unix(),
            clock,
            random,
            kept: Mutex::default(),
            news: broadcast::channel(NEWS).0,
            pages: Arc::new(Semaphore::new(MAX_PAGES)),
            closed: AtomicBool::new(false),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Adds a message and tells the open pages; the oldest messages give way to it. The answer is its id.
    pub fn push(&self, new: NewMessage) -> String {
        let id = self.shared.random.from_alphabet(ID_ALPHABET, 22);
        let message = Arc::new(Message::new(id.clone(), self.shared.clock.now(), new));
        {
            let mut kept = self.kept();
            kept.accepted += 1;
            kept.bytes += message.weight();
            kept.messages.push_back(Arc::clone(&message));
            while kept.messages.len() > MAX_MESSAGES || (kept.bytes > MAX_BYTES && kept.messages.len() > 1) {
                if let Some(oldest) = kept.messages.pop_front() {
                    kept.bytes -= oldest.weight();
                }
            }
        }
        self.tell("new", &message.summary());
        id
    }

    /// Every message that matches a search such as `to:ann@example.com`, newest first; the empty search is all.
    pub fn find(&self, query: &str) -> Vec<Arc<Message>> {
        let query = Query::parse(query);
        self.kept()
            .messages
            .iter()
            .rev()
            .filter(|message| query.matches(message))
            .cloned()
            .collect()
    }

    /// The message with this id; `latest` is the newest.
    pub fn get(&self, id: &str) -> Option<Arc<Message>> {
        let kept = self.kept();
        if id == "latest" {
            return kept.messages.back().cloned();
        }
        kept.messages.iter().find(|message| message.id == id).cloned()
    }

    /// Removes the messages with these ids.
    pub fn remove(&self, ids: &[String]) {
        self.drop_where(|message| ids.contains(&message.id));
        for id in ids {
            self.tell("delete", &serde_json::json!({ "ID": id }));
        }
    }

    /// Removes all messages.
    pub fn clear(&self) {
        self.drop_where(|_| true);
        self.tell("truncate", &());
    }

    /// Ends the streams of open pages, which would otherwise keep the server from stopping.
    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        let _ = self.shared.news.send(News::Closed);
    }

    pub(super) fn mark(&self, message: &Message, read: bool) {
        if message.set_read(read) {
            self.tell("update", &serde_json::json!({ "ID": message.id, "Read": read }));
        }
    }

    pub(super) fn totals(&self) -> Totals {
        let kept = self.kept();
        Totals {
            total: kept.messages.len(),
            unread: kept.messages.iter().filter(|message| !message.is_read()).count(),
            bytes: kept.bytes,
            deleted: kept.deleted,
            accepted: kept.accepted,
            uptime: (self.shared.clock.unix() - self.shared.started).max(0),
        }
    }

    /// A listener, unless the inbox closes.
    pub(super) fn listen(&self) -> Option<broadcast::Receiver<News>> {
        // Listening first: a close between the two lines is either seen by the flag or heard.
        let listener = self.shared.news.subscribe();
        (!self.shared.closed.load(Ordering::Acquire)).then_some(listener)
    }

    pub(super) fn pages(&self) -> &Arc<Semaphore> {
        &self.shared.pages
    }

    fn drop_where(&self, gone: impl Fn(&Message) -> bool) {
        let mut kept = self.kept();
        let before = kept.messages.len();
        kept.messages.retain(|message| !gone(message));
        kept.bytes = kept.messages.iter().map(|message| message.weight()).sum();
        kept.deleted += (before - kept.messages.len()) as u64;
    }

    fn tell(&self, kind: &str, data: &impl Serialize) {
        if self.shared.news.receiver_count() == 0 {
            return;
        }
        if let Ok(event) = serde_json::to_string(&serde_json::json!({ "Type": kind, "Data": data })) {
            let _ = self.shared.news.send(News::Event(event.into()));
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing under the lock can panic half-way through a change.
        self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
