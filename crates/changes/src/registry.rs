//! Subscriptions, and which of them a change concerns.

use std::collections::HashMap;
use std::sync::Arc;

use ferrobase_replication::{Change, ChangeKind, Value};

use crate::group::Group;
use crate::pacing::{Backlog, Queued};
use crate::payload::{new_value, place};
use crate::predicate::{Ask, Predicate, Verdict};

/// Where a subscriber is told what happens. Calls must not wait.
pub trait Sink: Send + Sync + std::fmt::Debug {
    /// How the subscription goes: "subscribed", or what is wrong.
    fn system(&self, status: Result<&str, &str>);
    /// A change that the bindings with these ids asked for; `data` is JSON. Says whether the sink would rather get no more for now.
    fn change(&self, ids: &[u64], data: &Arc<str>) -> bool;
    /// How much waits in it.
    fn backlog(&self) -> Backlog;
}

/// As whom somebody subscribes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    /// Database role.
    pub role: Arc<str>,
    /// Claims, as JSON.
    pub claims: Arc<str>,
}

/// One subscriber.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: u64,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) group: Arc<Group>,
}

impl Queued for Member {
    fn backlog(&self) -> Backlog {
        self.sink.backlog()
    }
}

/// One binding of a subscriber.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) member: Arc<Member>,
    pub(crate) id: u64,
    pub(crate) kind: Option<ChangeKind>,
    pub(crate) schema: Option<String>,
    pub(crate) table: Option<String>,
    pub(crate) predicates: Vec<Predicate>,
    pub(crate) select: Option<Arc<[String]>>,
}

/// A subscriber that a change concerns, and by which of its bindings.
#[derive(Debug)]
pub(crate) struct Match {
    pub(crate) member: Arc<Member>,
    pub(crate) ids: Vec<u64>,
    /// Further bindings, if PostgreSQL says so.
    pub(crate) maybe: Vec<Maybe>,
    pub(crate) select: Option<Arc<[String]>>,
}

/// A binding that a change concerns if the answers are what they have to be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Maybe {
    pub(crate) id: u64,
    pub(crate) asks: Vec<Ask>,
}

impl Match {
    /// Adds a binding, once.
    fn add(&mut self, id: u64, asks: Vec<Ask>) {
        if self.ids.contains(&id) {
            return;
        }
        if asks.is_empty() {
            self.ids.push(id);
            return;
        }
        let maybe = Maybe { id, asks };
        if !self.maybe.contains(&maybe) {
            self.maybe.push(maybe);
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Registry {
    tables: HashMap<(String, String), Entries>,
    /// For any table, or any of a schema.
    wild: Vec<Arc<Entry>>,
    members: HashMap<u64, Arc<Member>>,
    groups: HashMap<Caller, Arc<Group>>,
}

/// Bindings of one table.
#[derive(Debug, Default)]
struct Entries {
    /// By column and the value that it has to be equal to.
    equal: HashMap<String, HashMap<String, Vec<Arc<Entry>>>>,
    others: Vec<Arc<Entry>>,
}

impl Registry {
    /// The group of a caller.
    pub(crate) fn group(&mut self, caller: &Caller) -> Arc<Group> {
        let group = self.groups.entry(caller.clone());
        Arc::clone(group.or_insert_with(|| Arc::new(Group::new(caller.clone()))))
    }

    pub(crate) fn insert(&mut self, member: &Arc<Member>, entries: Vec<Entry>) {
        self.members.insert(member.id, Arc::clone(member));
        for entry in entries {
            let entry = Arc::new(entry);
            let (Some(schema), Some(table)) = (&entry.schema, &entry.table) else {
                self.wild.push(entry);
                continue;
            };
            let entries = self.tables.entry((schema.clone(), table.clone())).or_default();
            let equal = entry
                .predicates
                .iter()
                .find_map(|predicate| Some((predicate.column.clone(), predicate.equals()?.to_owned())));
            match equal {
                Some((column, value)) => entries
                    .equal
                    .entry(column)
                    .or_default()
                    .entry(value)
                    .or_default()
                    .push(entry),
                None => entries.others.push(entry),
            }
        }
    }

    pub(crate) fn remove(&mut self, id: u64) {
        let Some(member) = self.members.remove(&id) else {
            return;
        };
        let stays = |entry: &Arc<Entry>| entry.member.id != id;
        self.wild.retain(stays);
        self.tables.retain(|_, entries| {
            entries.others.retain(stays);
            entries.equal.retain(|_, values| {
                values.retain(|_, entries| {
                    entries.retain(stays);
                    !entries.is_empty()
                });
                !values.is_empty()
            });
            !entries.others.is_empty() || !entries.equal.is_empty()
        });
        let is_last = !self
            .members
            .values()
            .any(|other| Arc::ptr_eq(&other.group, &member.group));
        if is_last {
            self.groups.remove(member.group.caller());
        }
    }

    pub(crate) fn members(&self) -> Vec<Arc<Member>> {
        self.members.values().cloned().collect()
    }

    /// The subscribers that a change concerns, as far as their filters say.
    pub(crate) fn matches(&self, change: &Change) -> Vec<Match> {
        let relation = &change.relation;
        let value = |column: &str| -> Option<&Value> {
            let place = place(relation, column)?;
            match (&change.new, &change.old) {
                (Some(new), old) => new_value(new, old.as_ref().filter(|old| old.is_complete), place),
                (None, Some(old)) if old.is_complete || relation.columns[place].is_identity => {
                    old.row.get(place)
                }
                (None, _) => None,
            }
        };
        let mut matches: Vec<Match> = Vec::new();
        let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
        let mut consider = |entry: &Arc<Entry>| {
            if entry.kind.is_some_and(|kind| kind != change.kind) {
                return;
            }
            let mut asks = Vec::new();
            for predicate in &entry.predicates {
                match predicate.judge(value(&predicate.column)) {
                    Verdict::Passes => {}
                    Verdict::Fails => return,
                    Verdict::Ask(ask) => asks.push(ask),
                }
            }
            let places = places.entry(entry.member.id).or_default();
            let known = places
                .iter()
                .find(|place| matches[**place].select == entry.select);
            let place = known.copied().unwrap_or_else(|| {
                places.push(matches.len());
                matches.push(Match {
                    member: Arc::clone(&entry.member),
                    ids: Vec::new(),
                    maybe: Vec::new(),
                    select: entry.select.clone(),
                });
                matches.len() - 1
            });
            matches[place].add(entry.id, asks);
        };
        let key = (relation.schema.to_string(), relation.name.to_string());
        if let Some(entries) = self.tables.get(&key) {
            entries.others.iter().for_each(&mut consider);
            for (column, values) in &entries.equal {
                let text = value(column).and_then(Value::text);
                let entries = text.and_then(|text| values.get(text));
                entries.into_iter().flatten().for_each(&mut consider);
            }
        }
        for entry in &self.wild {
            let fits =
                |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|wanted| wanted == name);
            if fits(&entry.schema, &relation.schema) && fits(&entry.table, &relation.name) {
                consider(entry);
            }
        }
        matches
    }
}
