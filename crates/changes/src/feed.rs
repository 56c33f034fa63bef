//! From the stream to the subscribers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ferrobase_db::{Db, DbError, PoolRole, RequestPoolOptions};
use ferrobase_replication::{Change, ChangeKind, Event, Events, Relation, StatusWatch, Value};

use crate::catalog::Catalog;
use crate::group::{Checks, Group, LOST, Notice, Waiting};
use crate::pacing::{Pacer, Queued};
use crate::payload::{data, new_value, place};
use crate::registry::{Match, Registry};
use crate::table::Table;

/// Most events that are taken at once.
const BATCH: usize = 256;

/// How changes are fed.
#[derive(Debug, Clone)]
pub struct FeedOptions {
    /// Only tables of this publication can be subscribed to.
    pub publication: String,
    /// Connections for asking what callers see.
    pub check_connections: usize,
}

/// Subscribers of database changes; cheap to clone.
#[derive(Debug, Clone)]
pub struct Feed(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) options: FeedOptions,
    pub(crate) catalog: Catalog,
    pub(crate) status: StatusWatch,
    checks: Arc<Checks>,
    registry: Mutex<Registry>,
    next: AtomicU64,
}

impl Feed {
    /// A feed of `db`, where a stream with this status runs.
    pub fn new(db: &Db, status: StatusWatch, options: FeedOptions) -> Result<Self, DbError> {
        let requests = RequestPoolOptions {
            max_connections: options.check_connections,
            ..RequestPoolOptions::default()
        };
        Ok(Self(Arc::new(Inner {
            catalog: Catalog::new(db.pool(PoolRole::Admin)?),
            status,
            checks: Arc::new(Checks::new(
                db.requests(PoolRole::Authenticator, requests)?,
                options.check_connections,
            )),
            registry: Mutex::default(),
            next: AtomicU64::new(1),
            options,
        })))
    }

    /// Tells the subscribers what comes, until the stream ends. `other` sees every event first.
    pub async fn run(&self, mut events: Events, mut other: impl FnMut(&Event) + Send) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut described: HashMap<u32, Arc<Relation>> = HashMap::new();
        let mut pacer = Pacer::default();
        while events.next_many(&mut batch, BATCH).await {
            for event in batch.drain(..) {
                other(&event);
                match event {
                    Event::Change(change) => {
                        let relation = &change.relation;
                        let last = described.get(&relation.oid);
                        if !last.is_some_and(|last| Arc::ptr_eq(last, relation)) {
                            self.0.catalog.forget(relation.oid);
                            described.insert(relation.oid, Arc::clone(relation));
                        }
                        let pressed = self.tell(&change).await;
                        if !pressed.is_empty() {
                            pacer.pace(pressed).await;
                        }
                        self.0.checks.room().await;
                    }
                    Event::Gap(reason) => {
                        tracing::warn!(?reason, "database changes were lost");
                        described.clear();
                        let members = self.0.registry().members();
                        for member in members {
                            member.sink.system(Err(LOST));
                        }
                    }
                    Event::Begin(_) | Event::Commit(_) | Event::Truncate(_) | Event::Message(_) => {}
                }
            }
        }
    }

    /// Tells a change to those whom it concerns; the queues that should be waited for come back.
    async fn tell(&self, change: &Change) -> Vec<Arc<dyn Queued>> {
        let matches = self.0.registry().matches(change);
        if matches.is_empty() {
            return Vec::new();
        }
        match self.prepare(change, matches).await {
            Ok(prepared) => {
                let put = |(group, waiting): (Arc<Group>, Waiting)| group.put(waiting, &self.0.checks);
                prepared.into_iter().flat_map(put).collect()
            }
            Err((error, matches)) => {
                tracing::warn!(%error, table = &*change.relation.name, "a change cannot be told");
                for found in matches {
                    found.member.sink.system(Err(LOST));
                }
                Vec::new()
            }
        }
    }

    /// What each group is told of a change.
    async fn prepare(
        &self,
        change: &Change,
        matches: Vec<Match>,
    ) -> Result<Vec<(Arc<Group>, Waiting)>, (DbError, Vec<Match>)> {
        let catalog = &self.0.catalog;
        let table = match catalog.table(change.relation.oid).await {
            Ok(Some(table)) => table,
            // Dropped meanwhile: nobody may see its rows any more.
            Ok(None) => return Ok(Vec::new()),
            Err(error) => return Err((error, matches)),
        };
        let mut rendered: Vec<Rendered> = Vec::new();
        let mut groups: Vec<(Arc<Group>, Waiting)> = Vec::new();
        let mut places: HashMap<usize, usize> = HashMap::new();
        for found in &matches {
            let group = &found.member.group;
            let role = &group.caller().role;
            let view = match catalog.view(role, table.oid).await {
                Ok(view) => view,
                Err(error) => return Err((error, matches)),
            };
            let known = rendered
                .iter()
                .find(|other| other.role == *role && other.select == found.select)
                .map(|other| Arc::clone(&other.data));
            let data = known.unwrap_or_else(|| {
                let data: Arc<str> = data(change, &table, &view, found.select.as_deref()).into();
                rendered.push(Rendered {
                    role: Arc::clone(role),
                    select: found.select.clone(),
                    data: Arc::clone(&data),
                });
                data
            });
            let notice = Notice {
                member: Arc::clone(&found.member),
                ids: found.ids.clone(),
                maybe: found.maybe.clone(),
                data,
            };
            if let Some(place) = places.get(&Arc::as_ptr(group).addr()) {
                groups[*place].1.notices.push(notice);
                continue;
            }
            let is_checked = table.has_rls
                && change.kind != ChangeKind::Delete
                && !view.bypasses_rls
                // Without a key or the right to read it only an error is told.
                && !table.key.is_empty()
                && view.can_read_key(&table);
            let row = match is_checked.then(|| key(change, &table)) {
                None => None,
                Some(Some(key)) => Some((Arc::clone(&table), key)),
                // The key cannot be read, so nobody can be asked about the row.
                Some(None) => continue,
            };
            places.insert(Arc::as_ptr(group).addr(), groups.len());
            groups.push((Arc::clone(group), Waiting::new(row, notice)));
        }
        Ok(groups)
    }
}

/// A change as JSON, which is the same for all who have the same role and select the same columns.
struct Rendered {
    role: Arc<str>,
    select: Option<Arc<[String]>>,
    data: Arc<str>,
}

/// The primary key of the new row.
fn key(change: &Change, table: &Table) -> Option<Vec<String>> {
    let new = change.new.as_ref()?;
    let old = change.old.as_ref().filter(|old| old.is_complete);
    table
        .key
        .iter()
        .map(|index| {
            let place = place(&change.relation, &table.columns[*index].name)?;
            new_value(new, old, place)
                .and_then(Value::text)
                .map(ToOwned::to_owned)
        })
        .collect()
}

impl Inner {
    pub(crate) fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn next_id(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}
