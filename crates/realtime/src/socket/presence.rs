//! Presence (§6).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::session::{Done, Session};
use crate::authorize::{Readable, Refused};
use crate::meters::{channel_error, dropped};
use crate::model::presence::{meta, says};
use crate::model::push::{Payload, Push};

impl Session {
    pub(super) fn presence(&mut self, push: Push) {
        let Payload::Json(payload) = &push.payload else {
            dropped("unknown_event", 1);
            return;
        };
        let call: Value = serde_json::from_slice(payload).unwrap_or_default();
        let event = call.get("event").and_then(Value::as_str).unwrap_or_default();
        match event.to_ascii_lowercase().as_str() {
            "track" => {
                let size = payload.len();
                self.track(push, call, size);
            }
            "untrack" => {
                if self.may_call(&push.topic) {
                    self.untrack(&push);
                }
            }
            _ => self.answer(&push, "error", &json!({})),
        }
    }

    /// Counts a call; too many in a window end the channel.
    fn may_call(&mut self, topic: &str) -> bool {
        let limits = &self.state.config.limits;
        let Some(channel) = self.channels.get_mut(topic) else {
            return false;
        };
        let now = Instant::now();
        let (begin, calls) = channel
            .presence
            .window
            .filter(|(begin, _)| now < *begin + limits.presence_window)
            .unwrap_or((now, 0));
        channel.presence.window = Some((begin, calls + 1));
        if limits.presence_calls > 0 && calls >= limits.presence_calls {
            channel_error("ClientPresenceRateLimitReached");
            self.shut_down(topic, "Client presence rate limit exceeded");
            return false;
        }
        true
    }

    fn track(&mut self, push: Push, mut call: Value, size: usize) {
        let Some(channel) = self.channels.get_mut(&*push.topic) else {
            return;
        };
        if channel.is_private() {
            if channel.writable.is_none() {
                self.ask_writable(push);
                return;
            }
            if channel.reads.presence.is_none() {
                self.ask_presence(push);
                return;
            }
        }
        if !self.may_call(&push.topic) {
            return;
        }
        let Some(channel) = self.channels.get_mut(&*push.topic) else {
            return;
        };
        if channel.is_private() && !channel.writable.is_some_and(|writable| writable.presence) {
            dropped("unauthorized", 1);
            self.answer(&push, "error", &json!({}));
            return;
        }
        if size > self.state.config.limits.payload_bytes {
            channel_error("ClientPresencePayloadSize");
            self.shut_down(&push.topic, "Track message size exceeded");
            return;
        }
        let payload = match call.get_mut("payload").map(Value::take) {
            None => Map::new(),
            Some(Value::Object(payload)) => payload,
            Some(_) => {
                let reason = json!({ "reason": "Presence track payload must be a map" });
                self.answer(&push, "error", &reason);
                return;
            }
        };
        // Tracking switches presence on where the join did not; the state is not sent then.
        channel.presence.is_on = true;
        if channel.reads.presence == Some(true) {
            channel.member.hears_presence.store(true, Ordering::Relaxed);
        }
        let (place, key, id) = (
            Arc::clone(&channel.place),
            Arc::clone(&channel.presence.key),
            channel.member.id,
        );
        channel.presence.is_tracked = true;
        let old = place.tracked(id, &key);
        self.answer(&push, "ok", &json!({}));
        if !old.as_ref().is_some_and(|old| says(old, &payload)) {
            let reference = BASE64URL_NOPAD.encode(&self.state.random.bytes::<12>());
            let meta = meta(payload, &reference, old.as_deref());
            self.state.hub().track(&place, id, &key, meta);
        }
    }

    fn untrack(&mut self, push: &Push) {
        self.answer(push, "ok", &json!({}));
        let Some(channel) = self.channels.get_mut(&*push.topic) else {
            return;
        };
        if std::mem::take(&mut channel.presence.is_tracked) {
            let hub = self.state.hub();
            hub.untrack(&channel.place, channel.member.id, &channel.presence.key);
        }
    }

    fn ask_presence(&mut self, push: Push) {
        let Some((channel, topic, visitor)) = self.put_off(push) else {
            return;
        };
        let asking = self.state.authorizer.may_read(visitor, true);
        self.jobs.push(Box::pin(async move {
            Done::Presence {
                channel,
                topic,
                verdict: asking.await,
            }
        }));
    }

    pub(super) fn presence_readable(
        &mut self,
        channel: u64,
        topic: &str,
        verdict: Result<Readable, Refused>,
    ) {
        let Some(found) = self.same(channel, topic) else {
            return;
        };
        found.is_busy = false;
        // Without a verdict it stays dumb: it may write presence and does not hear of it.
        found.reads.presence = Some(verdict.is_ok_and(|readable| readable.presence == Some(true)));
        self.resume(topic);
    }
}
