//! Other tokens (§4.6), and the end of tokens (§4.7).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::Value;
use tokio::time::Instant;

use super::session::{Done, Session};
use crate::authorize::{Readable, Refused};
use crate::identity::Identity;
use crate::meters::channel_error;
use crate::model::push::{Payload, Push};

impl Session {
    pub(super) fn access_token(&mut self, push: &Push) {
        let Payload::Json(payload) = &push.payload else {
            return;
        };
        let payload: Value = serde_json::from_slice(payload).unwrap_or_default();
        let Some(token) = payload.get("access_token").and_then(Value::as_str) else {
            return;
        };
        let Some(channel) = self.channels.get_mut(&*push.topic) else {
            return;
        };
        if token.starts_with("sb_") || *token == *channel.identity.token {
            return;
        }
        match self.state.identify(token) {
            Err(error) => {
                channel_error(error.code());
                self.shut_down(&push.topic, &error.to_string());
            }
            Ok(identity) if channel.is_private() => {
                let (id, topic) = (channel.member.id, Arc::clone(&channel.topic));
                // What it may write is asked anew, with the new token, after this.
                channel.is_busy = true;
                let visitor = identity.visitor(Arc::clone(channel.name()), Arc::clone(&self.headers));
                let asking = self.state.authorizer.may_read(visitor, channel.presence.is_on);
                self.jobs.push(Box::pin(async move {
                    Done::Reread {
                        channel: id,
                        topic,
                        identity,
                        verdict: asking.await,
                    }
                }));
            }
            Ok(identity) => self.become_somebody(&push.topic, identity),
        }
    }

    pub(super) fn reread(
        &mut self,
        channel: u64,
        topic: &str,
        identity: Identity,
        verdict: Result<Readable, Refused>,
    ) {
        let Some(found) = self.same(channel, topic) else {
            return;
        };
        found.is_busy = false;
        let name = Arc::clone(found.name());
        let readable = match verdict {
            Ok(readable) => readable,
            Err(refused) => {
                tracing::info!(code = %refused, topic, "the read policies of a channel gave no verdict");
                Readable {
                    broadcast: false,
                    presence: Some(false),
                }
            }
        };
        let lost = (found.reads.broadcast && !readable.broadcast)
            || (found.reads.presence == Some(true) && readable.presence == Some(false));
        if !readable.broadcast && readable.presence != Some(true) {
            channel_error("Unauthorized");
            let text = format!("You do not have permissions to read from this Channel topic: {name}");
            self.shut_down(topic, &text);
            return;
        }
        if lost {
            channel_error("Unauthorized");
            let text = format!("You no longer have permission to read from this Channel topic: {name}");
            self.shut_down(topic, &text);
            return;
        }
        found.reads.broadcast = readable.broadcast;
        found.reads.presence = readable.presence;
        found.writable = None;
        let member = &found.member;
        member
            .hears_broadcasts
            .store(readable.broadcast, Ordering::Relaxed);
        let hears_presence = found.presence.is_on && readable.presence == Some(true);
        member.hears_presence.store(hears_presence, Ordering::Relaxed);
        self.become_somebody(topic, identity);
        self.resume(topic);
    }

    fn become_somebody(&mut self, topic: &str, identity: Identity) {
        let check_at = self.check_at(identity.expiry);
        let Some(channel) = self.channels.get_mut(topic) else {
            return;
        };
        if let Some(changes) = &channel.changes {
            changes.renew(identity.caller());
        }
        channel.identity = identity;
        channel.check_at = check_at;
    }

    /// Ends the channels whose tokens have ended; the socket stays.
    pub(super) fn check_tokens(&mut self, now: Instant) {
        let due: Vec<Arc<str>> = self
            .channels
            .values()
            .filter(|channel| channel.check_at <= now)
            .map(|channel| Arc::clone(&channel.topic))
            .collect();
        for topic in due {
            let Some(channel) = self.channels.get(&topic) else {
                continue;
            };
            match self.state.identify(&channel.identity.token) {
                Ok(identity) => {
                    let check_at = self.check_at(identity.expiry);
                    if let Some(channel) = self.channels.get_mut(&topic) {
                        channel.check_at = check_at;
                    }
                }
                Err(error) => {
                    channel_error(error.code());
                    self.shut_down(&topic, &error.to_string());
                }
            }
        }
    }
}
