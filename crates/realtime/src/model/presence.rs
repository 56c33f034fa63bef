//! Who is present in a topic (§6).

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

/// One presence: what a channel tracks.
#[derive(Debug, Clone, PartialEq)]
pub struct Presence {
    /// The process and channel that it belongs to.
    pub owner: Owner,
    /// What it says, with `phx_ref`.
    pub meta: Arc<Map<String, Value>>,
}

/// Whose presence it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The process; 0 for this one.
    pub node: u64,
    /// The channel in it.
    pub channel: u64,
}

/// Presences by key.
#[derive(Debug, Default)]
pub struct Presences {
    keys: IndexMap<Arc<str>, Vec<Presence>>,
}

/// A key and what is tracked under it.
type Entry = (Arc<str>, Arc<Map<String, Value>>);

/// Who came and who left; both by key.
#[derive(Debug, Default, PartialEq)]
pub struct Diff {
    joins: Vec<Entry>,
    leaves: Vec<Entry>,
}

impl Diff {
    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.joins.is_empty() && self.leaves.is_empty()
    }

    /// What changes in the mark of all presences: by what came and what left.
    pub fn mark(&self) -> u64 {
        let all = self.joins.iter().chain(&self.leaves);
        all.fold(0, |marks, (_, meta)| marks ^ mark(meta))
    }

    /// As clients see it.
    pub fn json(&self) -> Value {
        json!({ "joins": listed(self.joins.iter()), "leaves": listed(self.leaves.iter()) })
    }
}

impl Presences {
    /// Whether nobody is present.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Everybody, as clients see it.
    pub fn json(&self) -> Value {
        let all = self.keys.iter().flat_map(|(key, presences)| {
            presences
                .iter()
                .map(|presence| (Arc::clone(key), Arc::clone(&presence.meta)))
        });
        let all: Vec<_> = all.collect();
        listed(all.iter())
    }

    /// What an owner tracks under a key.
    pub fn get(&self, key: &str, owner: Owner) -> Option<&Arc<Map<String, Value>>> {
        let presences = self.keys.get(key)?;
        presences
            .iter()
            .find(|presence| presence.owner == owner)
            .map(|presence| &presence.meta)
    }

    /// An owner tracks something, instead of what it tracked under this key.
    pub fn put(&mut self, key: &Arc<str>, owner: Owner, meta: Arc<Map<String, Value>>) -> Diff {
        let presences = self.keys.entry(Arc::clone(key)).or_default();
        let mut diff = Diff::default();
        if presences
            .iter()
            .any(|presence| presence.owner == owner && presence.meta == meta)
        {
            return diff;
        }
        diff.joins.push((Arc::clone(key), Arc::clone(&meta)));
        match presences.iter_mut().find(|presence| presence.owner == owner) {
            Some(presence) => {
                let old = std::mem::replace(&mut presence.meta, meta);
                diff.leaves.push((Arc::clone(key), old));
            }
            None => presences.push(Presence { owner, meta }),
        }
        diff
    }

    /// An owner's presence ends.
    pub fn take(&mut self, key: &str, owner: Owner) -> Diff {
        self.take_where(|other, presence| other == key && presence.owner == owner)
    }

    /// All presences of a process end, but those that `stays` says.
    pub fn take_node(&mut self, node: u64, stays: impl Fn(&str, u64) -> bool) -> Diff {
        self.take_where(|key, presence| presence.owner.node == node && !stays(key, presence.owner.channel))
    }

    fn take_where(&mut self, is_gone: impl Fn(&str, &Presence) -> bool) -> Diff {
        let mut diff = Diff::default();
        self.keys.retain(|key, presences| {
            presences.retain(|presence| {
                let gone = is_gone(key, presence);
                if gone {
                    diff.leaves.push((Arc::clone(key), Arc::clone(&presence.meta)));
                }
                !gone
            });
            !presences.is_empty()
        });
        diff
    }

    /// Every presence with its key.
    pub fn all(&self) -> impl Iterator<Item = (&Arc<str>, &Presence)> {
        self.keys
            .iter()
            .flat_map(|(key, presences)| presences.iter().map(move |presence| (key, presence)))
    }
}

/// Tells one meta from others by its reference, which is chance. Those of several are combined with XOR.
fn mark(meta: &Map<String, Value>) -> u64 {
    let reference = meta.get("phx_ref").and_then(Value::as_str).unwrap_or_default();
    reference
        .bytes()
        .fold(1, |mark: u64, byte| mark.rotate_left(6) ^ u64::from(byte))
}

/// `{ key: {"metas": […]} }`.
fn listed<'a>(all: impl Iterator<Item = &'a Entry>) -> Value {
    let mut keys = Map::new();
    for (key, meta) in all {
        let entry = keys
            .entry(key.to_string())
            .or_insert_with(|| json!({ "metas": [] }));
        if let Some(metas) = entry.get_mut("metas").and_then(Value::as_array_mut) {
            metas.push(Value::Object(Map::clone(meta)));
        }
    }
    Value::Object(keys)
}

/// What is tracked, as a meta: with its reference, and that of what it replaces.
pub fn meta(
    mut payload: Map<String, Value>,
    reference: &str,
    replaced: Option<&Map<String, Value>>,
) -> Map<String, Value> {
    payload.insert("phx_ref".to_owned(), reference.into());
    if let Some(previous) = replaced.and_then(|replaced| replaced.get("phx_ref")) {
        payload.insert("phx_ref_prev".to_owned(), previous.clone());
    }
    payload
}

/// Whether a meta says what a payload says.
pub fn says(meta: &Map<String, Value>, payload: &Map<String, Value>) -> bool {
    let is_own = |name: &str| matches!(name, "phx_ref" | "phx_ref_prev");
    meta.keys().filter(|name| !is_own(name)).count() == payload.keys().filter(|name| !is_own(name)).count()
        && payload
            .iter()
            .filter(|(name, _)| !is_own(name))
            .all(|(name, value)| meta.get(name) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("is".to_owned(), text.into());
        map
    }

    fn owner(node: u64, channel: u64) -> Owner {
        Owner { node, channel }
    }

    #[test]
    fn an_update_is_one_diff_with_both_sides() {
        let mut presences = Presences::default();
        let key: Arc<str> = "ann".into();
        let first = meta(said("here"), "r1", None);
        let joined = presences.put(&key, owner(0, 1), Arc::new(first.clone()));
        assert_eq!(
            joined.json(),
            json!({ "joins": { "ann": { "metas": [{ "is": "here", "phx_ref": "r1" }] } }, "leaves": {} })
        );
        assert!(says(&first, &said("here")) && !says(&first, &said("away")) && !says(&first, &Map::new()));
        let second = meta(said("away"), "r2", Some(&first));
        let updated = presences.put(&key, owner(0, 1), Arc::new(second)).json();
        assert_eq!(updated["leaves"]["ann"]["metas"][0]["phx_ref"], "r1");
        assert_eq!(
            updated["joins"]["ann"]["metas"][0],
            json!({ "is": "away", "phx_ref": "r2", "phx_ref_prev": "r1" })
        );
        presences.put(&key, owner(7, 1), Arc::new(meta(said("too"), "r3", None)));
        assert_eq!(presences.json()["ann"]["metas"].as_array().map(Vec::len), Some(2));
        assert_eq!(
            presences.take_node(7, |_, channel| channel != 1).json()["leaves"]["ann"]["metas"][0]["phx_ref"],
            "r3"
        );
        assert!(presences.take("ann", owner(0, 2)).is_empty());
        assert!(!presences.take("ann", owner(0, 1)).is_empty());
        assert!(presences.is_empty());
    }
}
