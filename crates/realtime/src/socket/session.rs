//! What a socket knows, and what it does with what it hears.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::channel::{Channel, WAITING};
use super::joining::Verdict;
use crate::authorize::{Readable, Refused, Writable};
use crate::identity::Identity;
use crate::meters::{channel_error, dropped};
use crate::model::push::{self, Push, Ref};
use crate::model::version::Version;
use crate::state::State;
use crate::wire::encode;
use crate::wire::outbox::{Order, Outbox};

/// One socket's part of the service.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) state: State,
    pub(super) id: u64,
    pub(super) version: Version,
    pub(super) outbox: Arc<Outbox>,
    /// The socket's own token.
    pub(super) identity: Identity,
    /// The handshake's `x-` headers as JSON.
    pub(super) headers: Arc<str>,
    pub(super) channels: HashMap<Arc<str>, Box<Channel>>,
    /// Joins that wait for the database, by topic; each has a number.
    pub(super) joining: HashMap<Arc<str>, u64>,
    /// What is being waited for, while everything else goes on.
    pub(super) jobs: FuturesUnordered<BoxFuture<'static, Done>>,
    heard_at: Instant,
    /// Since when there is no channel, where there was one.
    pub(super) empty_since: Option<Instant>,
}

/// What was waited for.
#[derive(Debug)]
pub(super) enum Done {
    /// A join was decided.
    Join(Box<Verdict>),
    /// A join was refused, and its pause is over.
    Refused {
        topic: Arc<str>,
        join_ref: Ref,
        reference: Ref,
        text: String,
    },
    /// What a channel may write.
    Writable {
        channel: u64,
        topic: Arc<str>,
        verdict: Result<Writable, Refused>,
    },
    /// What a channel may read, for presence that nobody asked about before.
    Presence {
        channel: u64,
        topic: Arc<str>,
        verdict: Result<Readable, Refused>,
    },
    /// What a channel may read with another token.
    Reread {
        channel: u64,
        topic: Arc<str>,
        identity: Identity,
        verdict: Result<Readable, Refused>,
    },
    /// Whether broadcasts from the database arrive.
    Streaming {
        channel: u64,
        topic: Arc<str>,
        is_streaming: bool,
    },
}

impl Session {
    pub(crate) fn new(state: State, version: Version, identity: Identity, headers: Arc<str>) -> Self {
        let now = Instant::now();
        Self {
            id: state.next_id(),
            outbox: Arc::new(Outbox::new(state.config.limits.queue_bytes)),
            version,
            identity,
            headers,
            channels: HashMap::new(),
            joining: HashMap::new(),
            jobs: FuturesUnordered::new(),
            heard_at: now,
            empty_since: None,
            state,
        }
    }

    pub(crate) fn begin(&self) {
        self.state.hub().know(self.id, &self.outbox);
        // Broadcasts from the database may be for any topic.
        self.state.changes.need();
    }

    /// Leaves every channel.
    pub(crate) fn end(&mut self) {
        self.jobs.clear();
        for (_, channel) in std::mem::take(&mut self.channels) {
            self.leave(&channel);
        }
        self.state.hub().forget(self.id);
    }

    pub(crate) fn message_limit(&self) -> usize {
        self.state.config.limits.message_bytes
    }

    pub(crate) fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    pub(crate) fn woken(&self) -> impl Future<Output = ()> + use<> {
        let outbox = Arc::clone(&self.outbox);
        async move { outbox.woken().await }
    }

    /// When something has to be looked at, even if nothing happens.
    pub(crate) fn wake_at(&self) -> Instant {
        let limits = &self.state.config.limits;
        let idle = self.heard_at + limits.idle;
        let empty = self.empty_since.map(|since| since + limits.without_channel);
        let checks = self.channels.values().map(|channel| channel.check_at);
        checks.chain(empty).fold(idle, Instant::min)
    }

    /// Looks at what has to be looked at.
    pub(crate) fn tick(&mut self, now: Instant) {
        let limits = &self.state.config.limits;
        let is_idle = now >= self.heard_at + limits.idle;
        let is_empty = self
            .empty_since
            .is_some_and(|since| now >= since + limits.without_channel);
        if is_idle || is_empty {
            dropped(
                if is_idle {
                    "idle_socket"
                } else {
                    "socket_without_channel"
                },
                1,
            );
            self.outbox.close(1000);
        }
        self.check_tokens(now);
    }

    /// Something came, whatever it was.
    pub(crate) fn heard(&mut self, bytes: usize) {
        self.heard_at = Instant::now();
        self.state.meters().messages_in.increment(1);
        self.state.meters().bytes_in.increment(bytes as u64);
    }

    pub(crate) fn text(&mut self, frame: &Bytes) {
        self.heard(frame.len());
        match push::text(self.version, frame) {
            Ok(push) => self.push(push),
            Err(_) => self.malformed(),
        }
    }

    pub(crate) fn binary(&mut self, frame: &Bytes) {
        self.heard(frame.len());
        match push::binary(frame) {
            Ok(push) if self.version == Version::V2 => self.push(push),
            _ => self.malformed(),
        }
    }

    fn malformed(&self) {
        dropped("malformed", 1);
        tracing::debug!(socket = self.id, "MalformedWebSocketMessage");
    }

    fn push(&mut self, push: Push) {
        match (&*push.topic, &*push.event) {
            ("phoenix", "heartbeat") => {
                self.reply(&Ref::NULL, &push.reference, &push.topic, "ok", &json!({}));
            }
            (_, "phx_join") => self.join(push),
            (topic, event) => match self.channels.get_mut(topic) {
                None if event == "phx_leave" => {
                    self.joining.remove(topic);
                    self.reply(&push.join_ref, &push.reference, &push.topic, "ok", &json!({}));
                }
                None => {
                    let reason = json!({ "reason": "unmatched topic" });
                    self.reply(&Ref::NULL, &push.reference, &push.topic, "error", &reason);
                }
                // Leaving and tokens do not wait for what the database says.
                Some(channel) if channel.is_busy && !matches!(event, "phx_leave" | "access_token") => {
                    if channel.waiting.len() < WAITING {
                        channel.waiting.push_back(push);
                    } else {
                        dropped("backlog", 1);
                    }
                }
                Some(_) => self.channel_push(push),
            },
        }
    }

    /// Obeys what others say.
    pub(crate) fn obey(&mut self, order: &Order) {
        match order {
            Order::Shutdown { channel, text } => {
                let found = self.channels.values().find(|found| found.member.id == *channel);
                if let Some(topic) = found.map(|found| Arc::clone(&found.topic)) {
                    channel_error(shutdown_code(text));
                    self.shut_down(&topic, text);
                }
            }
            Order::Drain => {
                for channel in self.channels.values() {
                    self.system(channel, "system", "ok", "Server requested disconnect");
                }
                self.outbox.close(1012);
            }
        }
    }

    /// Goes on with what was waited for.
    pub(super) fn done(&mut self, done: Done) {
        match done {
            Done::Join(verdict) => self.decided(*verdict),
            Done::Refused {
                topic,
                join_ref,
                reference,
                text,
            } => {
                self.reply(&join_ref, &reference, &topic, "error", &json!({ "reason": text }));
            }
            Done::Writable {
                channel,
                topic,
                verdict,
            } => self.writable(channel, &topic, verdict),
            Done::Presence {
                channel,
                topic,
                verdict,
            } => self.presence_readable(channel, &topic, verdict),
            Done::Reread {
                channel,
                topic,
                identity,
                verdict,
            } => self.reread(channel, &topic, identity, verdict),
            Done::Streaming {
                channel,
                topic,
                is_streaming,
            } => self.streaming(channel, &topic, is_streaming),
        }
    }

    /// The channel of a topic, if it is still the one with this id.
    pub(super) fn same(&mut self, channel: u64, topic: &str) -> Option<&mut Channel> {
        let found = self.channels.get_mut(topic)?;
        (found.member.id == channel).then_some(found)
    }

    /// Goes on with the pushes that waited.
    pub(super) fn resume(&mut self, topic: &str) {
        loop {
            let Some(channel) = self.channels.get_mut(topic) else {
                return;
            };
            if channel.is_busy {
                return;
            }
            let Some(push) = channel.waiting.pop_front() else {
                return;
            };
            self.channel_push(push);
        }
    }

    fn streaming(&mut self, channel: u64, topic: &str, is_streaming: bool) {
        let Some(found) = self
            .channels
            .get(topic)
            .filter(|found| found.member.id == channel)
        else {
            return;
        };
        if is_streaming {
            self.system(found, "system", "ok", "Replication connection established");
        } else {
            self.shut_down(topic, "Replication connection was not established in time");
        }
    }

    pub(super) fn reply(&self, join_ref: &Ref, reference: &Ref, topic: &str, status: &str, response: &Value) {
        self.send(encode::reply(
            self.version,
            join_ref,
            reference,
            topic,
            status,
            response,
        ));
    }

    pub(super) fn send(&self, frame: Bytes) {
        self.state.meters().messages_out.increment(1);
        self.state.meters().bytes_out.increment(frame.len() as u64);
        self.outbox.push(frame);
    }

    /// A `system` message (§4.5).
    pub(super) fn system(&self, channel: &Channel, extension: &str, status: &str, message: &str) {
        let payload = json!({ "extension": extension, "status": status, "message": message, "channel": &**channel.name() });
        let payload = payload.to_string();
        let (join_ref, topic) = (&channel.join_ref, &channel.topic);
        self.send(encode::message(
            self.version,
            join_ref,
            &Ref::NULL,
            topic,
            "system",
            payload.as_bytes(),
        ));
    }

    /// Ends a channel for good: the client does not come back by itself.
    pub(super) fn shut_down(&mut self, topic: &str, text: &str) {
        if let Some(channel) = self.channels.get(topic) {
            self.system(channel, "system", "error", text);
            self.close_channel(topic);
        }
    }

    /// `phx_close`, and the channel is gone.
    pub(super) fn close_channel(&mut self, topic: &str) {
        if let Some(channel) = self.channels.remove(topic) {
            let join_ref = &channel.join_ref;
            self.send(encode::message(
                self.version,
                join_ref,
                join_ref,
                topic,
                "phx_close",
                b"{}",
            ));
            self.leave(&channel);
            if self.channels.is_empty() {
                self.empty_since = Some(Instant::now());
            }
        }
    }

    fn leave(&self, channel: &Channel) {
        channel.member.hears_broadcasts.store(false, Ordering::Relaxed);
        channel.member.hears_presence.store(false, Ordering::Relaxed);
        self.state
            .hub()
            .leave(&channel.place, channel.member.id, channel.tracked_key());
    }

    /// When a token that ends at `expiry` is looked at again.
    pub(super) fn check_at(&self, expiry: i64) -> Instant {
        const LONGEST: u64 = 300;
        let left = u64::try_from(expiry.saturating_sub(self.state.clock.unix())).unwrap_or(0);
        Instant::now() + Duration::from_secs(left.clamp(1, LONGEST))
    }
}

/// Whatever ends the task, nobody stays behind in a topic.
impl Drop for Session {
    fn drop(&mut self) {
        self.end();
    }
}

fn shutdown_code(text: &str) -> &'static str {
    if text.starts_with("Too many presence") {
        "ClientPresenceRateLimitReached"
    } else {
        "MessagePerSecondRateLimitReached"
    }
}
