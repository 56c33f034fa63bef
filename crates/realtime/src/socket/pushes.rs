//! What clients push on a channel: leaving, broadcasts (§5.1), and where the rest goes.

use std::sync::Arc;

use serde::de::IgnoredAny;
use serde_json::json;

use super::session::{Done, Session};
use crate::authorize::{Refused, Visitor, Writable};
use crate::meters::dropped;
use crate::model::broadcast::{Body, Broadcast};
use crate::model::push::{Payload, Push, Ref};

impl Session {
    /// A push on a channel that is joined and not waiting.
    pub(super) fn channel_push(&mut self, push: Push) {
        match &*push.event {
            "phx_leave" => self.leave_channel(&push),
            "access_token" => self.access_token(&push),
            "broadcast" => self.broadcast(push),
            "presence" => self.presence(push),
            // Not answered.
            _ => dropped("unknown_event", 1),
        }
    }

    fn leave_channel(&mut self, push: &Push) {
        let Some(channel) = self.channels.get(&*push.topic) else {
            return;
        };
        let join_ref = channel.join_ref.clone();
        if !push.join_ref.is_null() && push.join_ref != join_ref {
            // It belongs to an earlier join.
            return;
        }
        self.reply(&join_ref, &push.reference, &push.topic, "ok", &json!({}));
        self.close_channel(&push.topic);
    }

    fn broadcast(&mut self, push: Push) {
        let Some(channel) = self.channels.get_mut(&*push.topic) else {
            return;
        };
        if channel.is_private() {
            match channel.writable {
                None => {
                    self.ask_writable(push);
                    return;
                }
                Some(writable) if !writable.broadcast => {
                    dropped("unauthorized", 1);
                    return;
                }
                Some(_) => {}
            }
        }
        let broadcast = match push.payload {
            Payload::Json(payload) => Broadcast::Generic(payload),
            // Whoever cannot be read would be an error in the clients of all others.
            Payload::User {
                body: Body::Json(json),
                ..
            } if serde_json::from_slice::<IgnoredAny>(&json).is_err() => {
                dropped("malformed", 1);
                return;
            }
            Payload::User { event, body } => Broadcast::User {
                event: event.into(),
                body,
                meta: None,
                id: None,
            },
            Payload::Binary(_) => {
                dropped("unknown_event", 1);
                return;
            }
        };
        let ack = channel.ack.then(|| channel.join_ref.clone());
        if broadcast.size() > self.state.config.limits.payload_bytes {
            dropped("payload_size", 1);
            if let Some(join_ref) = ack {
                let response = json!("payload_size_exceeded");
                self.reply(&join_ref, &push.reference, &push.topic, "error", &response);
            }
            return;
        }
        let hub = self.state.hub();
        hub.events.count(1);
        let except = (!channel.echo).then_some(channel.member.id);
        hub.publish_in(&channel.place, &broadcast, except);
        if let Some(join_ref) = ack {
            self.reply(&join_ref, &push.reference, &push.topic, "ok", &json!({}));
        }
    }

    /// Asks what a private channel may write; the push goes on afterwards.
    pub(super) fn ask_writable(&mut self, push: Push) {
        let Some((channel, topic, visitor)) = self.put_off(push) else {
            return;
        };
        let asking = self.state.authorizer.may_write(visitor);
        self.jobs.push(Box::pin(async move {
            Done::Writable {
                channel,
                topic,
                verdict: asking.await,
            }
        }));
    }

    /// Keeps a push until the database has been asked: about which channel, and as whom.
    pub(super) fn put_off(&mut self, push: Push) -> Option<(u64, Arc<str>, Visitor)> {
        let channel = self.channels.get_mut(&*push.topic)?;
        channel.is_busy = true;
        channel.waiting.push_front(push);
        let name = Arc::clone(channel.name());
        let visitor = channel.identity.visitor(name, Arc::clone(&self.headers));
        Some((channel.member.id, Arc::clone(&channel.topic), visitor))
    }

    pub(super) fn writable(&mut self, channel: u64, topic: &str, verdict: Result<Writable, Refused>) {
        let Some(found) = self.same(channel, topic) else {
            return;
        };
        found.is_busy = false;
        match verdict {
            Ok(writable) => found.writable = Some(writable),
            Err(refused) => {
                // No verdict: what waits first is refused, and the next one asks anew.
                tracing::info!(code = %refused, topic, "the write policies of a channel gave no verdict");
                let push = found.waiting.pop_front();
                dropped("unauthorized", 1);
                let join_ref = found.join_ref.clone();
                if let Some(push) = push.filter(|push| &*push.event == "presence") {
                    self.reply(&join_ref, &push.reference, topic, "error", &json!({}));
                }
            }
        }
        self.resume(topic);
    }

    /// The reply to a push on a channel.
    pub(super) fn answer(&self, push: &Push, status: &str, response: &serde_json::Value) {
        let join_ref = self
            .channels
            .get(&*push.topic)
            .map_or(Ref::NULL, |channel| channel.join_ref.clone());
        self.reply(&join_ref, &push.reference, &push.topic, status, response);
    }
}
