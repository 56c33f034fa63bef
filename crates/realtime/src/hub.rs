//! Who is in which topic, and how a message reaches them.

mod others;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::bus::Bus;
use crate::bus::note::Place;
use crate::config::Limits;
use crate::meters::{Meters, dropped};
use crate::model::broadcast::Broadcast;
use crate::model::presence::{Diff, Owner, Presences};
use crate::model::push::Ref;
use crate::model::rate::Rate;
use crate::model::version::Version;
use crate::wire::encode::{self, Shared};
use crate::wire::outbox::{Order, Outbox};

use self::others::Others;

const TOO_MANY_MESSAGES: &str = "Too many messages per second";
const TOO_MANY_PRESENCES: &str = "Too many presence messages per second";

/// Joined names begin with this.
pub(crate) const PREFIX: &str = "realtime:";

/// A topic's name without prefix, and whether it is private: public and private channels of one name never meet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    name: Arc<str>,
    is_private: bool,
}

/// One channel, as others see it.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: u64,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) version: Version,
    pub(crate) hears_broadcasts: AtomicBool,
    pub(crate) hears_presence: AtomicBool,
    /// Ids of what was replayed to it.
    pub(crate) replayed: Mutex<Vec<Box<str>>>,
}

impl Member {
    fn was_replayed(&self, id: &str) -> bool {
        let replayed = self.replayed.lock().unwrap_or_else(PoisonError::into_inner);
        replayed.iter().any(|other| **other == *id)
    }

    const fn owner(id: u64) -> Owner {
        Owner { node: 0, channel: id }
    }
}

/// Members and presences of a topic.
#[derive(Debug)]
pub(crate) struct Topic {
    key: Key,
    /// The name with its prefix.
    joined: Arc<str>,
    members: RwLock<IndexMap<u64, Arc<Member>>>,
    presences: Mutex<Presences>,
}

impl Topic {
    fn new(key: Key) -> Self {
        Self {
            joined: format!("{PREFIX}{}", key.name).into(),
            key,
            members: RwLock::default(),
            presences: Mutex::default(),
        }
    }

    fn place(&self) -> Place {
        Place {
            topic: Arc::clone(&self.key.name),
            is_private: self.key.is_private,
        }
    }

    fn is_empty(&self) -> bool {
        read(&self.members).is_empty() && self.presences().is_empty()
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.key.name
    }

    pub(crate) fn is_private(&self) -> bool {
        self.key.is_private
    }

    /// Who is present; nothing changes while `tell` runs, and what changes afterwards is told as a difference.
    pub(crate) fn present(&self, member: &Member, tell: impl FnOnce(Value)) {
        let presences = self.presences();
        member.hears_presence.store(true, Ordering::Relaxed);
        tell(presences.json());
    }

    /// What a channel tracks.
    pub(crate) fn tracked(&self, channel: u64, key: &str) -> Option<Arc<Map<String, Value>>> {
        self.presences().get(key, Member::owner(channel)).cloned()
    }

    fn presences(&self) -> MutexGuard<'_, Presences> {
        self.presences.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All topics.
#[derive(Debug)]
pub(crate) struct Hub {
    topics: RwLock<HashMap<Key, Arc<Topic>>>,
    outboxes: Mutex<HashMap<u64, Weak<Outbox>>>,
    is_draining: AtomicBool,
    pub(crate) events: Rate,
    pub(crate) presence_events: Rate,
    meters: Meters,
    /// Other processes; `None` when this one is alone.
    others: Option<Others>,
}

impl Hub {
    /// `bus` leads to the other processes, to which this one is `node`.
    pub(crate) fn new(limits: &Limits, meters: Meters, node: u64, bus: Option<Arc<dyn Bus>>) -> Self {
        Self {
            topics: RwLock::default(),
            outboxes: Mutex::default(),
            is_draining: AtomicBool::new(false),
            events: Rate::new(limits.events_per_second),
            presence_events: Rate::new(limits.presence_per_second),
            meters,
            others: bus.map(|bus| Others::new(node, bus)),
        }
    }

    pub(crate) fn tick(&self) {
        self.events.tick();
        self.presence_events.tick();
    }

    /// A socket is there until [`Self::forget`].
    pub(crate) fn know(&self, socket: u64, outbox: &Arc<Outbox>) {
        self.outboxes().insert(socket, Arc::downgrade(outbox));
        if self.is_draining() {
            outbox.order(Order::Drain);
        }
    }

    pub(crate) fn forget(&self, socket: u64) {
        self.outboxes().remove(&socket);
    }

    /// The server ends: every socket is told, and nobody may join.
    pub(crate) fn drain(&self) {
        self.is_draining.store(true, Ordering::Release);
        for outbox in self.outboxes().values().filter_map(Weak::upgrade) {
            outbox.order(Order::Drain);
        }
    }

    /// Whether there is any socket.
    pub(crate) fn has_sockets(&self) -> bool {
        !self.outboxes().is_empty()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Acquire)
    }

    fn outboxes(&self) -> MutexGuard<'_, HashMap<u64, Weak<Outbox>>> {
        self.outboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A channel enters a topic.
    pub(crate) fn enter(&self, name: &str, is_private: bool, member: Arc<Member>) -> Arc<Topic> {
        let key = Key {
            name: name.into(),
            is_private,
        };
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        let topic = topics
            .entry(key)
            .or_insert_with_key(|key| Arc::new(Topic::new(key.clone())));
        write(&topic.members).insert(member.id, member);
        self.meters.channels.increment(1);
        self.meters.joins.increment(1);
        Arc::clone(topic)
    }

    /// A channel leaves a topic, and with it its presence.
    pub(crate) fn leave(&self, topic: &Topic, channel: u64, key: Option<&str>) {
        write(&topic.members).swap_remove(&channel);
        self.meters.channels.decrement(1);
        if let Some(key) = key {
            self.untrack(topic, channel, key);
        }
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        if topic.is_empty() {
            topics.remove(&topic.key);
        }
    }

    /// Sends a broadcast to all who hear a topic, in this process and the others.
    pub(crate) fn publish(&self, name: &str, is_private: bool, broadcast: &Broadcast) {
        self.publish_here(name, is_private, broadcast);
        if let Some(others) = &self.others {
            let topic = name.into();
            others.broadcast(Place { topic, is_private }, broadcast);
        }
    }

    /// Sends a broadcast that every process knows of to all who hear a topic in this one.
    pub(crate) fn publish_here(&self, name: &str, is_private: bool, broadcast: &Broadcast) {
        let key = Key {
            name: name.into(),
            is_private,
        };
        let topic = {
            let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
            topics.get(&key).cloned()
        };
        if let Some(topic) = topic {
            self.send(&topic, broadcast, None);
        }
    }

    /// [`Self::publish`] where the topic is known, but not to the channel `except`.
    pub(crate) fn publish_in(&self, topic: &Topic, broadcast: &Broadcast, except: Option<u64>) {
        self.send(topic, broadcast, except);
        if let Some(others) = &self.others {
            others.broadcast(topic.place(), broadcast);
        }
    }

    fn send(&self, topic: &Topic, broadcast: &Broadcast, except: Option<u64>) {
        let frame = Shared::new(|version| encode::broadcast(version, &Ref::NULL, &topic.joined, broadcast));
        let is_over = self.events.is_over();
        let (mut sent, mut failed, mut formless, mut bytes) = (0u64, 0u64, 0u64, 0usize);
        for member in read(&topic.members).values() {
            let is_for = Some(member.id) != except
                && member.hears_broadcasts.load(Ordering::Relaxed)
                && !broadcast.id().is_some_and(|id| member.was_replayed(id));
            if !is_for {
                continue;
            }
            if is_over {
                member.outbox.order(Order::Shutdown {
                    channel: member.id,
                    text: TOO_MANY_MESSAGES,
                });
                continue;
            }
            match frame.frame(member.version) {
                None => formless += 1,
                Some(frame) => {
                    let length = frame.len();
                    if member.outbox.push(frame) {
                        sent += 1;
                        bytes += length;
                    } else {
                        failed += 1;
                    }
                }
            }
        }
        self.events.count(sent);
        self.meters.messages_out.increment(sent);
        self.meters.bytes_out.increment(bytes as u64);
        dropped("no_form", formless);
        dropped("socket_ends", failed);
    }

    /// A channel tracks something.
    pub(crate) fn track(&self, topic: &Topic, channel: u64, key: &Arc<str>, meta: Map<String, Value>) {
        let mut presences = topic.presences();
        let meta = Arc::new(meta);
        let diff = presences.put(key, Member::owner(channel), Arc::clone(&meta));
        if let Some(others) = &self.others {
            others.present(topic.place(), key, channel, meta, &diff);
        }
        self.tell(topic, &diff);
    }

    /// A channel tracks nothing any more.
    pub(crate) fn untrack(&self, topic: &Topic, channel: u64, key: &str) {
        let mut presences = topic.presences();
        let diff = presences.take(key, Member::owner(channel));
        if let Some(others) = &self.others {
            others.absent(topic.place(), key, channel, &diff);
        }
        self.tell(topic, &diff);
    }

    /// Tells a difference to all who hear of presence. The presences are locked meanwhile, so that all hear the same order.
    fn tell(&self, topic: &Topic, diff: &Diff) {
        if diff.is_empty() {
            return;
        }
        let payload = diff.json().to_string();
        let frame = Shared::new(|version| {
            Some(encode::message(
                version,
                &Ref::NULL,
                &Ref::NULL,
                &topic.joined,
                "presence_diff",
                payload.as_bytes(),
            ))
        });
        let is_over = self.presence_events.is_over();
        let mut sent = 0;
        for member in read(&topic.members).values() {
            if !member.hears_presence.load(Ordering::Relaxed) {
                continue;
            }
            if is_over {
                member.outbox.order(Order::Shutdown {
                    channel: member.id,
                    text: TOO_MANY_PRESENCES,
                });
            } else if frame
                .frame(member.version)
                .is_some_and(|frame| member.outbox.push(frame))
            {
                sent += 1;
            }
        }
        self.presence_events.count(sent);
        self.meters.messages_out.increment(sent);
    }
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
