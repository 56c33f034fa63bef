//! Joins (§4.2).

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use ferrobase_changes::{Binding, Subscriber};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use super::changes::ChangeSink;
use super::channel::{Channel, PresenceSide, Reads};
use super::session::{Done, Session};
use crate::authorize::Replayed;
use crate::error::JoinError;
use crate::hub::{Member, PREFIX};
use crate::identity::Identity;
use crate::meters::channel_error;
use crate::model::broadcast::Broadcast;
use crate::model::join::{Join, Replay, binding_id, with_ids};
use crate::model::push::{Payload, Push, Ref};
use crate::state::State;
use crate::wire::encode;

/// Longest wait for the stream of broadcasts from the database.
const STREAM: std::time::Duration = std::time::Duration::from_secs(60);

/// A join that can be decided.
#[derive(Debug)]
pub(super) struct Wish {
    topic: Arc<str>,
    join_ref: Ref,
    reference: Ref,
    join: Join,
    identity: Identity,
    wants_presence: bool,
    number: u64,
}

/// A decided join.
#[derive(Debug)]
pub(super) struct Verdict {
    wish: Wish,
    outcome: Result<Granted, JoinError>,
}

/// What a join is given.
#[derive(Debug)]
struct Granted {
    reads: Reads,
    replayed: Vec<Replayed>,
}

impl Session {
    pub(super) fn join(&mut self, push: Push) {
        let topic: Arc<str> = push.topic.into();
        if !topic.starts_with(PREFIX) {
            let reason = json!({ "reason": "unmatched topic" });
            self.reply(&Ref::NULL, &push.reference, &topic, "error", &reason);
            return;
        }
        // The older channel of this topic ends, whatever becomes of the new one.
        self.close_channel(&topic);
        let join = match &push.payload {
            Payload::Json(payload) => Join::read(payload),
            _ => Join::default(),
        };
        let number = self.state.next_id();
        self.joining.insert(Arc::clone(&topic), number);
        let join_ref = push.join_ref.or(&push.reference);
        match self.check(&topic, &join) {
            Ok(identity) => {
                let wants_presence = join.presence.unwrap_or(self.state.config.presence_enabled);
                let wish = Wish {
                    topic,
                    join_ref,
                    reference: push.reference,
                    join,
                    identity,
                    wants_presence,
                    number,
                };
                if wish.join.is_private {
                    let (state, headers) = (self.state.clone(), Arc::clone(&self.headers));
                    self.jobs.push(Box::pin(ask(state, headers, wish)));
                } else {
                    let reads = Reads {
                        broadcast: true,
                        presence: Some(true),
                    };
                    self.decided(Verdict {
                        wish,
                        outcome: Ok(Granted {
                            reads,
                            replayed: Vec::new(),
                        }),
                    });
                }
            }
            Err(error) => {
                if error == JoinError::Joins {
                    self.outbox.close(1001);
                }
                self.joining.remove(&topic);
                self.refuse(topic, join_ref, push.reference, &error);
            }
        }
    }

    fn check(&self, topic: &str, join: &Join) -> Result<Identity, JoinError> {
        let limits = &self.state.config.limits;
        if self.state.hub().is_draining() {
            return Err(JoinError::Restarting);
        }
        if topic == PREFIX {
            return Err(JoinError::TopicName);
        }
        if self.state.config.private_only && !join.is_private {
            return Err(JoinError::PrivateOnly);
        }
        self.state.joins().count(1);
        if self.state.joins().is_over() {
            return Err(JoinError::Joins);
        }
        if limits.channels_per_socket > 0 && self.channels.len() as u64 >= limits.channels_per_socket {
            return Err(JoinError::Channels);
        }
        let identity = match &join.token {
            Some(token) => self.state.identify(token)?,
            // The socket's own may have ended since.
            None => self.state.identify(&self.identity.token)?,
        };
        match join.replay {
            Some(_) if !join.is_private => Err(JoinError::ReplayPublic),
            Some(Replay::Wrong) => Err(JoinError::ReplayParams),
            _ => Ok(identity),
        }
    }

    /// The refusal comes after a pause; nothing else waits for it.
    fn refuse(&self, topic: Arc<str>, join_ref: Ref, reference: Ref, error: &JoinError) {
        channel_error(error.code());
        let text = error.to_string();
        let pause = self.state.config.limits.join_pause;
        self.jobs.push(Box::pin(async move {
            sleep(pause).await;
            Done::Refused {
                topic,
                join_ref,
                reference,
                text,
            }
        }));
    }

    /// A join was decided.
    pub(super) fn decided(&mut self, verdict: Verdict) {
        let Verdict { wish, outcome } = verdict;
        if self.joining.get(&wish.topic) != Some(&wish.number) {
            // Left, or joined anew meanwhile.
            return;
        }
        self.joining.remove(&wish.topic);
        match outcome {
            Ok(granted) => self.enter(wish, &granted),
            Err(error) => self.refuse(wish.topic, wish.join_ref, wish.reference, &error),
        }
    }

    fn enter(&mut self, wish: Wish, granted: &Granted) {
        let response = json!({ "postgres_changes": with_ids(&wish.join.bindings) });
        self.reply(&wish.join_ref, &wish.reference, &wish.topic, "ok", &response);
        let Wish {
            topic,
            join_ref,
            mut join,
            identity,
            wants_presence,
            ..
        } = wish;
        let ids = granted
            .replayed
            .iter()
            .map(|replayed| replayed.id.clone())
            .collect();
        let member = Arc::new(Member {
            id: self.state.next_id(),
            outbox: Arc::clone(&self.outbox),
            version: self.version,
            hears_broadcasts: AtomicBool::new(granted.reads.broadcast),
            hears_presence: AtomicBool::new(false),
            replayed: Mutex::new(ids),
        });
        let name = topic.strip_prefix(PREFIX).unwrap_or_default();
        let place = self.state.hub().enter(name, join.is_private, Arc::clone(&member));
        let key = join
            .key
            .take()
            .unwrap_or_else(|| self.state.random.uuid().to_string());
        let channel = Channel {
            check_at: self.check_at(identity.expiry),
            presence: PresenceSide {
                key: key.into(),
                is_on: wants_presence,
                is_tracked: false,
                window: None,
            },
            echo: join.echo,
            ack: join.ack,
            writable: None,
            reads: granted.reads,
            changes: None,
            is_busy: false,
            waiting: VecDeque::new(),
            topic: Arc::clone(&topic),
            join_ref,
            member,
            place,
            identity,
        };
        if wants_presence && granted.reads.presence == Some(true) {
            self.tell_presences(&channel);
        }
        self.replay(&channel, &granted.replayed);
        let channel = self.with_changes(channel, &join);
        if join.replication_ready {
            self.await_stream(&channel);
        }
        self.empty_since = None;
        self.channels.insert(topic, Box::new(channel));
    }

    fn replay(&self, channel: &Channel, replayed: &[Replayed]) {
        for message in replayed {
            let Broadcast::User { event, body, .. } = &message.broadcast else {
                continue;
            };
            let broadcast = Broadcast::User {
                event: Arc::clone(event),
                body: body.clone(),
                meta: Some(encode::meta_of(&message.id, true)),
                id: None,
            };
            // What is JSON travels as text here, in both versions.
            let frame = encode::replayed(self.version, &channel.join_ref, &channel.topic, &broadcast);
            if let Some(frame) = frame {
                self.send(frame);
            }
        }
    }

    fn with_changes(&self, mut channel: Channel, join: &Join) -> Channel {
        if join.bindings.is_empty() {
            return channel;
        }
        let bindings = join.bindings.iter().map(|given| Binding {
            id: binding_id(given),
            given: given.clone(),
        });
        let sink = ChangeSink {
            outbox: Arc::clone(&self.outbox),
            version: self.version,
            join_ref: channel.join_ref.clone(),
            topic: Arc::clone(&channel.topic),
            name: Arc::clone(channel.name()),
            meters: self.state.meters().clone(),
        };
        channel.changes = Some(self.state.changes.subscribe(Subscriber {
            sink: Arc::new(sink),
            bindings: bindings.collect(),
            caller: channel.identity.caller(),
        }));
        channel
    }

    fn await_stream(&self, channel: &Channel) {
        let (id, topic) = (channel.member.id, Arc::clone(&channel.topic));
        let streaming = self.state.changes.streaming();
        self.jobs.push(Box::pin(async move {
            Done::Streaming {
                channel: id,
                topic,
                is_streaming: timeout(STREAM, streaming).await.unwrap_or(false),
            }
        }));
    }

    /// Everybody who is present, to one channel.
    pub(super) fn tell_presences(&self, channel: &Channel) {
        channel.place.present(&channel.member, |all| {
            let payload = all.to_string();
            self.send(encode::message(
                self.version,
                &channel.join_ref,
                &Ref::NULL,
                &channel.topic,
                "presence_state",
                payload.as_bytes(),
            ));
        });
    }
}

/// Asks the database about a private join.
async fn ask(state: State, headers: Arc<str>, wish: Wish) -> Done {
    let outcome = granted(&state, headers, &wish).await;
    Done::Join(Box::new(Verdict { wish, outcome }))
}

async fn granted(state: &State, headers: Arc<str>, wish: &Wish) -> Result<Granted, JoinError> {
    let begun = Instant::now();
    let name: Arc<str> = wish.topic.strip_prefix(PREFIX).unwrap_or_default().into();
    let visitor = wish.identity.visitor(Arc::clone(&name), headers);
    let readable = state
        .authorizer
        .may_read(visitor, wish.wants_presence)
        .await
        .map_err(|refused| JoinError::of_probe(refused, &name))?;
    if !readable.broadcast && readable.presence != Some(true) {
        return Err(JoinError::Unauthorized(name.to_string()));
    }
    let mut replayed = Vec::new();
    if let Some(Replay::Since { since, limit }) = wish.join.replay {
        if !readable.broadcast {
            return Err(JoinError::Replay);
        }
        let past = state.authorizer.replay(Arc::clone(&name), since, limit).await;
        replayed = past.map_err(|_| JoinError::Replay)?;
    }
    tracing::trace!(
        topic = &*name,
        micros = begun.elapsed().as_micros(),
        "private join allowed"
    );
    Ok(Granted {
        reads: Reads {
            broadcast: readable.broadcast,
            presence: readable.presence,
        },
        replayed,
    })
}
