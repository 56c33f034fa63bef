//! Subscribers of one role with the same claims: they see the same rows, so PostgreSQL is asked once for all of them, about
//! all changes that wait.
//!
//! Every group has its own queue. What one has to wait for, or cannot be told because its policy fails, is nothing to the
//! others. Within a group everything is told in the order of the commits.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ferrobase_db::RequestPool;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::registry::{Caller, Member};
use crate::store::tables;
use crate::table::Table;

/// Most changes that wait in one group.
const MOST_WAITING: usize = 20_000;

/// Most changes that are asked about at once.
const MOST_ASKED: usize = 1000;

/// Longest time of one question.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a subscriber hears when changes were lost; it has to read the table anew.
pub(crate) const LOST: &str = "Changes were lost: read the tables again, or subscribe again";

/// What a subscriber hears when its policy fails.
const POLICY: &str = "A change could not be checked against the policies of its table";

/// A change on its way to the members of a group.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// The row that has to be visible.
    pub(crate) row: Option<(Arc<Table>, Vec<String>)>,
    pub(crate) notices: Vec<Notice>,
}

/// What one member is told.
#[derive(Debug)]
pub(crate) struct Notice {
    pub(crate) member: Arc<Member>,
    pub(crate) ids: Vec<u64>,
    pub(crate) data: Arc<str>,
}

/// How PostgreSQL is asked.
#[derive(Debug)]
pub(crate) struct Checks {
    pub(crate) pool: RequestPool,
    /// As many as the pool has connections, so that nobody gives up waiting for one.
    pub(crate) permits: Semaphore,
}

#[derive(Debug)]
pub(crate) struct Group {
    caller: Caller,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    is_running: bool,
}

impl Waiting {
    fn tell(&self) {
        for notice in &self.notices {
            notice.member.sink.change(&notice.ids, &notice.data);
        }
    }

    fn fail(&self, error: &str) {
        for notice in &self.notices {
            notice.member.sink.system(Err(error));
        }
    }
}

impl Group {
    pub(crate) fn new(caller: Caller) -> Self {
        Self {
            caller,
            queue: Mutex::default(),
        }
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Tells a change, at once if nothing has to be asked and nothing waits.
    pub(crate) fn put(self: &Arc<Self>, waiting: Waiting, checks: &Arc<Checks>) {
        let mut queue = self.queue();
        if waiting.row.is_none() && !queue.is_running {
            drop(queue);
            waiting.tell();
            return;
        }
        if queue.waiting.len() >= MOST_WAITING {
            let lost = std::mem::take(&mut queue.waiting);
            drop(queue);
            tracing::warn!(
                role = &*self.caller.role,
                "changes wait too long for their checks and are dropped"
            );
            let mut told = std::collections::HashSet::new();
            for notice in lost.iter().chain([&waiting]).flat_map(|waiting| &waiting.notices) {
                if told.insert(notice.member.id) {
                    notice.member.sink.system(Err(LOST));
                }
            }
            return;
        }
        queue.waiting.push_back(waiting);
        if !queue.is_running {
            queue.is_running = true;
            drop(queue);
            tokio::spawn(Arc::clone(self).drain(Arc::clone(checks)));
        }
    }

    async fn drain(self: Arc<Self>, checks: Arc<Checks>) {
        loop {
            // What comes while this waits is asked about together.
            let Ok(permit) = checks.permits.acquire().await else {
                return;
            };
            let batch: Vec<Waiting> = {
                let mut queue = self.queue();
                if queue.waiting.is_empty() {
                    queue.is_running = false;
                    return;
                }
                let count = queue.waiting.len().min(MOST_ASKED);
                queue.waiting.drain(..count).collect()
            };
            let verdicts = self.ask(&batch, &checks.pool).await;
            drop(permit);
            for (waiting, verdict) in batch.iter().zip(verdicts) {
                match verdict {
                    Verdict::Visible => waiting.tell(),
                    Verdict::Hidden => {}
                    Verdict::Failed => waiting.fail(POLICY),
                }
            }
        }
    }

    async fn ask(&self, batch: &[Waiting], pool: &RequestPool) -> Vec<Verdict> {
        let mut verdicts = Vec::with_capacity(batch.len());
        let mut tables: Vec<(&Arc<Table>, Vec<usize>)> = Vec::new();
        for (index, waiting) in batch.iter().enumerate() {
            verdicts.push(if waiting.row.is_some() {
                Verdict::Hidden
            } else {
                Verdict::Visible
            });
            let Some((table, _)) = &waiting.row else { continue };
            match tables.iter_mut().find(|(other, _)| Arc::ptr_eq(other, table)) {
                Some((_, rows)) => rows.push(index),
                None => tables.push((table, vec![index])),
            }
        }
        for (table, rows) in tables {
            // A part that fails is asked about in halves, so that only the rows that fail are lost.
            let mut parts = vec![rows];
            while let Some(part) = parts.pop() {
                match self.ask_table(table, &part, batch, pool).await {
                    Ok(visible) => {
                        for place in visible {
                            if let Some(index) = part.get(place) {
                                verdicts[*index] = Verdict::Visible;
                            }
                        }
                    }
                    Err(is_policy) if is_policy && part.len() > 1 => {
                        let (left, right) = part.split_at(part.len() / 2);
                        parts.extend([left.to_vec(), right.to_vec()]);
                    }
                    Err(_) => {
                        for index in part {
                            verdicts[index] = Verdict::Failed;
                        }
                    }
                }
            }
        }
        verdicts
    }

    /// Which rows are visible; an error says whether asking about fewer may help.
    async fn ask_table(
        &self,
        table: &Table,
        rows: &[usize],
        batch: &[Waiting],
        pool: &RequestPool,
    ) -> Result<Vec<usize>, bool> {
        let keys: Vec<&[String]> = rows
            .iter()
            .filter_map(|index| batch[*index].row.as_ref().map(|(_, key)| key.as_slice()))
            .collect();
        let asking = tables::visible(pool, &self.caller.role, &self.caller.claims, table, &keys);
        match timeout(PATIENCE, asking).await {
            Ok(Ok(visible)) => Ok(visible),
            Ok(Err(error)) => {
                // A check that took too long, or a connection that broke, says nothing about single rows.
                let is_policy = matches!(&error, ferrobase_db::ExchangeError::Server(error)
                    if error.code != "57014" && !error.code.starts_with("57P"));
                tracing::debug!(%error, table = table.name, role = &*self.caller.role, "a check failed");
                Err(is_policy)
            }
            Err(_) => Err(false),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Clone, Copy)]
enum Verdict {
    Visible,
    Hidden,
    Failed,
}
