//! The other processes: what they are told, and what they say.
//!
//! Every process keeps the presences of all in its topics, by process and channel. A process says every second that it is
//! alive, with a mark of all its presences; who has another mark asks for them anew. Who says nothing for some seconds has
//! died, and its presences leave.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::{Hub, Key, Topic};
use crate::bus::Bus;
use crate::bus::note::{self, Entry, Note, Place, Says};
use crate::meters::dropped;
use crate::model::broadcast::Broadcast;
use crate::model::presence::{Diff, Owner};

/// Who was not heard for so long has died.
const SILENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Others {
    /// How they know this process.
    node: u64,
    bus: Arc<dyn Bus>,
    /// The mark of what this process's channels track. Locked while that is told, so that a sign of life tells the mark of
    /// what was told before it.
    mark: Mutex<u64>,
    known: Mutex<HashMap<u64, Other>>,
}

#[derive(Debug)]
struct Other {
    heard: Instant,
    mark: u64,
    /// What it told since it began to tell everything.
    told: Option<HashSet<(Key, Arc<str>, u64)>>,
}

impl Others {
    pub(super) fn new(node: u64, bus: Arc<dyn Bus>) -> Self {
        Self {
            node,
            bus,
            mark: Mutex::new(0),
            known: Mutex::default(),
        }
    }

    fn say(&self, says: Says) {
        let node = self.node;
        self.bus.publish(note::write(Note { node, says }));
    }

    pub(super) fn broadcast(&self, place: Place, broadcast: &Broadcast) {
        let broadcast = broadcast.clone();
        self.say(Says::Broadcast { place, broadcast });
    }

    pub(super) fn present(
        &self,
        place: Place,
        key: &Arc<str>,
        channel: u64,
        meta: Arc<Map<String, Value>>,
        diff: &Diff,
    ) {
        let mut mark = lock(&self.mark);
        *mark ^= diff.mark();
        let key = Arc::clone(key);
        let entries = vec![Entry { key, channel, meta }];
        self.say(Says::Present { place, entries });
    }

    pub(super) fn absent(&self, place: Place, key: &str, channel: u64, diff: &Diff) {
        let mut mark = lock(&self.mark);
        *mark ^= diff.mark();
        let key = key.into();
        self.say(Says::Absent { place, key, channel });
    }

    fn known(&self) -> MutexGuard<'_, HashMap<u64, Other>> {
        lock(&self.known)
    }

    /// Notes a change of another process's presences.
    fn note_mark(&self, node: u64, diff: &Diff) {
        if let Some(other) = self.known().get_mut(&node) {
            other.mark ^= diff.mark();
        }
    }
}

impl Hub {
    /// How other processes know this one; 0 when it is alone.
    pub(crate) fn node(&self) -> u64 {
        self.others.as_ref().map_or(0, |others| others.node)
    }

    /// Asks everybody for everything.
    pub(crate) fn say_hello(&self) {
        if let Some(others) = &self.others {
            others.say(Says::Hello { to: None });
        }
    }

    /// Says that this process ends.
    pub(crate) fn say_gone(&self) {
        if let Some(others) = &self.others {
            others.say(Says::Gone);
        }
    }

    /// A sign of life. The answer names the processes that have died since the last one.
    pub(crate) fn beat(&self, now: Instant) -> Vec<u64> {
        let Some(others) = &self.others else {
            return Vec::new();
        };
        let mark = lock(&others.mark);
        others.say(Says::Alive { mark: *mark });
        drop(mark);
        let silent = |other: &Other| now.duration_since(other.heard) > SILENCE;
        let died: Vec<u64> = {
            let known = others.known();
            let died = known.iter().filter(|(_, other)| silent(other));
            died.map(|(node, _)| *node).collect()
        };
        for node in &died {
            tracing::warn!(node, "another process was not heard for some time");
            self.forget_node(*node);
        }
        died
    }

    /// Hears a note of another process. Those of one process have to come in their order.
    pub(crate) fn hear(&self, bytes: &Bytes, now: Instant) {
        let Some(others) = &self.others else { return };
        let Some(Note { node, says }) = note::read(bytes) else {
            dropped("bus_unreadable", 1);
            return;
        };
        // 0 is this process in all presences.
        if node == others.node || node == 0 {
            return;
        }
        others
            .known()
            .entry(node)
            .and_modify(|other| other.heard = now)
            .or_insert(Other {
                heard: now,
                mark: 0,
                told: None,
            });
        match says {
            Says::Broadcast { place, broadcast } => {
                self.publish_here(&place.topic, place.is_private, &broadcast);
            }
            Says::Present { place, entries } => self.hear_present(others, node, place, entries),
            Says::Absent { place, key, channel } => self.hear_absent(others, node, place, &key, channel),
            Says::Begin => {
                if let Some(other) = others.known().get_mut(&node) {
                    other.told = Some(HashSet::new());
                }
            }
            Says::End => self.hear_end(others, node),
            Says::Alive { mark } => {
                let is_same = others.known().get(&node).is_some_and(|other| other.mark == mark);
                if !is_same {
                    others.say(Says::Hello { to: Some(node) });
                }
            }
            Says::Hello { to } if to.is_none_or(|to| to == others.node) => self.tell_everything(others),
            Says::Hello { .. } => {}
            Says::Gone => self.forget_node(node),
        }
    }

    fn hear_present(&self, others: &Others, node: u64, place: Place, entries: Vec<Entry>) {
        let key = Key::from(place);
        let mut topics = super::write(&self.topics);
        let topic = topics
            .entry(key)
            .or_insert_with_key(|key| Arc::new(Topic::new(key.clone())));
        for entry in entries {
            let channel = entry.channel;
            if let Some(other) = others.known().get_mut(&node)
                && let Some(told) = &mut other.told
            {
                told.insert((topic.key.clone(), Arc::clone(&entry.key), channel));
            }
            let mut presences = topic.presences();
            let diff = presences.put(&entry.key, Owner { node, channel }, entry.meta);
            others.note_mark(node, &diff);
            self.tell(topic, &diff);
        }
    }

    fn hear_absent(&self, others: &Others, node: u64, place: Place, key: &str, channel: u64) {
        let mut topics = super::write(&self.topics);
        let Some(topic) = topics.get(&Key::from(place)).cloned() else {
            return;
        };
        let diff = {
            let mut presences = topic.presences();
            let diff = presences.take(key, Owner { node, channel });
            self.tell(&topic, &diff);
            diff
        };
        others.note_mark(node, &diff);
        if topic.is_empty() {
            topics.remove(&topic.key);
        }
    }

    /// What a process did not tell while it told everything is not there any more.
    fn hear_end(&self, others: &Others, node: u64) {
        let told = {
            let mut known = others.known();
            known.get_mut(&node).and_then(|other| other.told.take())
        };
        // An end without its beginning says nothing.
        if let Some(told) = told {
            self.take_node(node, &told);
        }
    }

    fn forget_node(&self, node: u64) {
        self.take_node(node, &HashSet::new());
        if let Some(others) = &self.others {
            others.known().remove(&node);
        }
    }

    /// The presences of a process leave, but those that are told.
    fn take_node(&self, node: u64, told: &HashSet<(Key, Arc<str>, u64)>) {
        let mut topics = super::write(&self.topics);
        topics.retain(|place, topic| {
            let stays = |key: &str, channel| told.contains(&(place.clone(), Arc::from(key), channel));
            let diff = {
                let mut presences = topic.presences();
                let diff = presences.take_node(node, stays);
                self.tell(topic, &diff);
                diff
            };
            if let Some(others) = &self.others {
                others.note_mark(node, &diff);
            }
            diff.is_empty() || !topic.is_empty()
        });
    }

    /// Tells all that this process's channels track. Whatever changes meanwhile is told in its place.
    fn tell_everything(&self, others: &Others) {
        others.say(Says::Begin);
        for topic in super::read(&self.topics).values() {
            let presences = topic.presences();
            let own = presences.all().filter(|(_, presence)| presence.owner.node == 0);
            let entries: Vec<Entry> = own
                .map(|(key, presence)| Entry {
                    key: Arc::clone(key),
                    channel: presence.owner.channel,
                    meta: Arc::clone(&presence.meta),
                })
                .collect();
            if !entries.is_empty() {
                let place = topic.place();
                others.say(Says::Present { place, entries });
            }
        }
        others.say(Says::End);
    }
}

impl From<Place> for Key {
    fn from(place: Place) -> Self {
        Self {
            name: place.topic,
            is_private: place.is_private,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use serde_json::json;

    use super::*;
    use crate::config::Limits;
    use crate::meters::Meters;

    /// Everything that was said and not heard yet.
    #[derive(Debug, Default)]
    struct Said(Mutex<VecDeque<Bytes>>);

    impl Bus for Said {
        fn publish(&self, note: Bytes) {
            lock(&self.0).push_back(note);
        }
    }

    struct Network {
        said: Arc<Said>,
        hubs: Vec<Hub>,
    }

    impl Network {
        fn new(count: u64) -> Self {
            let said = Arc::new(Said::default());
            let hub = |node| {
                let bus = Arc::clone(&said) as Arc<dyn Bus>;
                Hub::new(&Limits::default(), Meters::new(), node, Some(bus))
            };
            Self {
                hubs: (1..=count).map(hub).collect(),
                said,
            }
        }

        /// Lets everybody hear what is said, and what is answered to that.
        fn settle(&self, now: Instant) {
            loop {
                let Some(note) = lock(&self.said.0).pop_front() else {
                    return;
                };
                for hub in &self.hubs {
                    hub.hear(&note, now);
                }
            }
        }

        fn lose(&self) {
            lock(&self.said.0).clear();
        }

        fn present(&self, hub: usize) -> Value {
            let key = Key {
                name: "room".into(),
                is_private: true,
            };
            let topics = super::super::read(&self.hubs[hub].topics);
            topics
                .get(&key)
                .map_or(Value::Null, |topic| topic.presences().json())
        }

        fn track(&self, hub: usize, channel: u64, key: &str, reference: &str) -> Arc<Topic> {
            let hub = &self.hubs[hub];
            let place = Key {
                name: "room".into(),
                is_private: true,
            };
            let topic = {
                let mut topics = super::super::write(&hub.topics);
                let topic = topics
                    .entry(place)
                    .or_insert_with_key(|key| Arc::new(Topic::new(key.clone())));
                Arc::clone(topic)
            };
            let mut meta = Map::new();
            meta.insert("phx_ref".to_owned(), reference.into());
            hub.track(&topic, channel, &key.into(), meta);
            topic
        }
    }

    fn ann(reference: &str) -> Value {
        json!({ "ann": { "metas": [{ "phx_ref": reference }] } })
    }

    #[test]
    fn presences_are_the_same_everywhere() {
        let (network, now) = (Network::new(2), Instant::now());
        let room = network.track(0, 1, "ann", "r1");
        network.settle(now);
        assert_eq!(network.present(1), ann("r1"));
        network.track(0, 1, "ann", "r2");
        network.settle(now);
        assert_eq!(network.present(1), ann("r2"));
        // Somebody else under the same key, in the other process, with the same number of a channel.
        let other = network.track(1, 1, "ann", "r3");
        network.settle(now);
        let both = json!({ "ann": { "metas": [{ "phx_ref": "r2" }, { "phx_ref": "r3" }] } });
        assert_eq!(network.present(0), both);
        network.hubs[1].untrack(&other, 1, "ann");
        network.settle(now);
        assert_eq!(network.present(0), ann("r2"));
        network.hubs[0].leave(&room, 1, Some("ann"));
        network.settle(now);
        // A topic that nobody is in goes away.
        assert_eq!(network.present(0), Value::Null);
        assert_eq!(network.present(1), Value::Null);
    }

    #[test]
    fn who_comes_later_or_missed_something_learns_it() {
        let (mut network, now) = (Network::new(1), Instant::now());
        let room = network.track(0, 1, "ann", "r1");
        network.track(0, 2, "bob", "r2");
        network.settle(now);
        network.hubs.extend(Network::new(2).hubs.pop());
        // It has the number 2 and its own bus; it hears this one's.
        let Some(late) = network.hubs.last_mut() else {
            return;
        };
        late.others = Some(Others::new(2, Arc::clone(&network.said) as Arc<dyn Bus>));
        late.say_hello();
        network.settle(now);
        assert_eq!(network.present(1), network.present(0));
        assert_ne!(network.present(1), Value::Null);
        // One leaves and one comes, and nobody hears of it.
        network.hubs[0].untrack(&room, 2, "bob");
        network.track(0, 3, "eve", "r3");
        network.lose();
        assert_ne!(network.present(1), network.present(0));
        network.hubs[0].beat(now);
        network.settle(now);
        assert_eq!(network.present(1), network.present(0));
        // From here on nobody asks any more.
        network.hubs[0].beat(now);
        assert_eq!(lock(&network.said.0).len(), 1);
        network.settle(now);
        assert!(lock(&network.said.0).is_empty());
    }

    #[test]
    fn the_dead_take_their_presences_with_them() {
        let (network, now) = (Network::new(3), Instant::now());
        network.track(0, 1, "ann", "r1");
        network.track(1, 1, "bob", "r2");
        network.settle(now);
        network.hubs[1].beat(now + SILENCE);
        network.settle(now + SILENCE);
        let later = now + SILENCE + Duration::from_secs(1);
        assert_eq!(network.hubs[2].beat(later), [1]);
        assert_eq!(
            network.present(2),
            json!({ "bob": { "metas": [{ "phx_ref": "r2" }] } })
        );
        network.hubs[1].say_gone();
        network.settle(later);
        assert_eq!(network.present(2), Value::Null);
        // It was not dead: it is asked and comes back.
        network.hubs[0].beat(later);
        network.settle(later);
        assert_eq!(network.present(2), ann("r1"));
    }
}
