//! Subscribers of one role with the same claims: they see the same rows, so PostgreSQL is asked once for all of them, about
//! all changes that wait.
//!
//! Every group has its own queue. What one has to wait for, or cannot be told because its policy fails, is nothing to the
//! others. Within a group everything is told in the order of the commits.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ferrobase_db::RequestPool;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::pacing::{Backlog, Pacer, Queued};
use crate::predicate::{Ask, Question};
use crate::registry::{Caller, Maybe, Member};
use crate::store::checks;
use crate::table::Table;

/// Most changes that wait in one group.
const MOST_WAITING: usize = 20_000;

/// Most bytes of theirs, each counted in every group where it waits.
const MOST_BYTES: usize = 32 << 20;

/// Most changes that wait in all groups together; about 250 bytes each. Beyond that the stream is not read on.
const MOST_IN_ALL: usize = 500_000;

/// Between two looks at how many wait.
const LOOK: Duration = Duration::from_millis(2);

/// Most changes that are asked about at once.
const MOST_ASKED: usize = 1000;

/// Longest time of one question.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a subscriber hears when changes were lost; it has to read the table anew.
pub(crate) const LOST: &str = "Changes were lost: read the tables again, or subscribe again";

/// What a subscriber hears when its policy fails.
const POLICY: &str = "A change could not be checked against the policies of its table";

/// What a subscriber hears when its filter fails.
const FILTER: &str = "A change could not be compared with the filter";

/// Whether questions are true of values; what is not there could not be answered.
type Answers = HashMap<(Arc<Question>, Arc<str>), bool>;

/// A change on its way to the members of a group.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// The row that has to be visible.
    pub(crate) row: Option<(Arc<Table>, Vec<String>)>,
    pub(crate) notices: Vec<Notice>,
    counted: Option<Counted>,
}

/// Counts while it lives.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What one member is told.
#[derive(Debug)]
pub(crate) struct Notice {
    pub(crate) member: Arc<Member>,
    pub(crate) ids: Vec<u64>,
    /// Further bindings, if PostgreSQL says so.
    pub(crate) maybe: Vec<Maybe>,
    pub(crate) data: Arc<str>,
}

/// How PostgreSQL is asked.
#[derive(Debug)]
pub(crate) struct Checks {
    pool: RequestPool,
    /// As many as the pool has connections, so that nobody gives up waiting for one.
    permits: Semaphore,
    /// Changes that wait in all groups.
    waiting: Arc<AtomicUsize>,
}

impl Checks {
    pub(crate) fn new(pool: RequestPool, connections: usize) -> Self {
        Self {
            pool,
            permits: Semaphore::new(connections),
            waiting: Arc::default(),
        }
    }

    /// Waits while too many changes wait in all groups together. That is the case when PostgreSQL as a whole is asked more than it
    /// answers; every question ends in some time, so this does.
    pub(crate) async fn room(&self) {
        while self.waiting.load(Ordering::Relaxed) > MOST_IN_ALL {
            sleep(LOOK).await;
        }
    }
}

#[derive(Debug)]
pub(crate) struct Group {
    caller: Caller,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// Bytes of what waits.
    bytes: usize,
    /// Changes that waited and do not any more.
    taken: u64,
    is_running: bool,
}

impl Queue {
    fn is_full(&self, part: usize) -> bool {
        self.waiting.len() >= MOST_WAITING / part || self.bytes >= MOST_BYTES / part
    }

    fn take(&mut self, count: usize) -> Vec<Waiting> {
        let taken: Vec<Waiting> = self.waiting.drain(..count.min(self.waiting.len())).collect();
        self.bytes -= taken.iter().map(Waiting::size).sum::<usize>();
        self.taken += taken.len() as u64;
        taken
    }
}

impl Queued for Group {
    fn backlog(&self) -> Backlog {
        let queue = self.queue();
        Backlog {
            is_pressed: queue.is_full(2),
            progress: queue.taken,
        }
    }
}

impl Waiting {
    pub(crate) fn new(row: Option<(Arc<Table>, Vec<String>)>, notice: Notice) -> Self {
        Self {
            row,
            notices: vec![notice],
            counted: None,
        }
    }

    /// Whether PostgreSQL has a say.
    fn is_asked(&self) -> bool {
        self.row.is_some() || self.asks().next().is_some()
    }

    fn asks(&self) -> impl Iterator<Item = &Ask> {
        let maybe = self.notices.iter().flat_map(|notice| &notice.maybe);
        maybe.flat_map(|maybe| &maybe.asks)
    }

    /// Bytes that it keeps, about.
    fn size(&self) -> usize {
        let key = self.row.iter().flat_map(|(_, key)| key).map(String::len);
        let data = self.notices.first().map_or(0, |notice| notice.data.len());
        key.sum::<usize>() + data + self.notices.len() * size_of::<Notice>()
    }

    /// Tells the members; those that would rather get no more for now come back.
    fn tell(&self, answers: &Answers) -> Vec<Arc<dyn Queued>> {
        let mut pressed: Vec<Arc<dyn Queued>> = Vec::new();
        for notice in &self.notices {
            let mut ids = Cow::Borrowed(&notice.ids);
            for maybe in &notice.maybe {
                let answer = |ask: &Ask| {
                    let answer = answers.get(&(Arc::clone(&ask.question), Arc::clone(&ask.value)));
                    answer.map(|answer| *answer == ask.wanted)
                };
                match maybe.asks.iter().map(answer).collect::<Option<Vec<bool>>>() {
                    Some(answers) if answers.iter().all(|fits| *fits) => ids.to_mut().push(maybe.id),
                    Some(_) => {}
                    None => notice.member.sink.system(Err(FILTER)),
                }
            }
            if !ids.is_empty() && notice.member.sink.change(&ids, &notice.data) {
                pressed.push(Arc::clone(&notice.member) as Arc<dyn Queued>);
            }
        }
        pressed
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

    /// Tells a change, at once if nothing has to be asked and nothing waits. Queues that should be waited for come back.
    pub(crate) fn put(self: &Arc<Self>, mut waiting: Waiting, checks: &Arc<Checks>) -> Vec<Arc<dyn Queued>> {
        let mut queue = self.queue();
        if !waiting.is_asked() && !queue.is_running {
            drop(queue);
            return waiting.tell(&Answers::new());
        }
        if queue.is_full(1) {
            let lost = queue.take(usize::MAX);
            drop(queue);
            tracing::warn!(
                role = &*self.caller.role,
                "changes wait too long for their checks and are dropped"
            );
            let mut told = HashSet::new();
            for notice in lost.iter().chain([&waiting]).flat_map(|waiting| &waiting.notices) {
                if told.insert(notice.member.id) {
                    notice.member.sink.system(Err(LOST));
                }
            }
            return Vec::new();
        }
        queue.bytes += waiting.size();
        waiting.counted = Some(Counted::new(&checks.waiting));
        queue.waiting.push_back(waiting);
        let is_pressed = queue.is_full(2);
        if !queue.is_running {
            queue.is_running = true;
            drop(queue);
            tokio::spawn(Arc::clone(self).drain(Arc::clone(checks)));
        }
        if is_pressed {
            vec![Arc::clone(self) as Arc<dyn Queued>]
        } else {
            Vec::new()
        }
    }

    async fn drain(self: Arc<Self>, checks: Arc<Checks>) {
        let mut pacer = Pacer::default();
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
                queue.take(MOST_ASKED)
            };
            let verdicts = self.ask(&batch, &checks.pool).await;
            let answers = self.answers(&batch, &verdicts, &checks.pool).await;
            drop(permit);
            for (waiting, verdict) in batch.iter().zip(verdicts) {
                match verdict {
                    Verdict::Visible => {
                        let pressed = waiting.tell(&answers);
                        if !pressed.is_empty() {
                            pacer.pace(pressed).await;
                        }
                    }
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

    /// The answers to what is asked about the changes that are seen.
    async fn answers(&self, batch: &[Waiting], verdicts: &[Verdict], pool: &RequestPool) -> Answers {
        let mut asked: HashMap<&Arc<Question>, Vec<&Arc<str>>> = HashMap::new();
        for (waiting, verdict) in batch.iter().zip(verdicts) {
            if !matches!(verdict, Verdict::Visible) {
                continue;
            }
            for ask in waiting.asks() {
                let values = asked.entry(&ask.question).or_default();
                if !values.contains(&&ask.value) {
                    values.push(&ask.value);
                }
            }
        }
        let mut answers = Answers::new();
        for (question, values) in asked {
            let texts: Vec<&str> = values.iter().map(|value| &***value).collect();
            let Caller { role, claims } = &self.caller;
            let asking = checks::answers(pool, role, claims, question, &texts);
            let Ok(Ok(places)) = timeout(PATIENCE, asking).await else {
                tracing::debug!(?question, "a filter could not be applied");
                continue;
            };
            let places: HashSet<usize> = places.into_iter().collect();
            for (index, value) in values.into_iter().enumerate() {
                let is_true = places.contains(&index);
                answers.insert((Arc::clone(question), Arc::clone(value)), is_true);
            }
        }
        answers
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
        let asking = checks::visible(pool, &self.caller.role, &self.caller.claims, table, &keys);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_counted_until_it_is_told() {
        let count = Arc::new(AtomicUsize::new(0));
        let counted: Vec<Counted> = (0..3).map(|_| Counted::new(&count)).collect();
        assert_eq!(count.load(Ordering::Relaxed), 3);
        drop(counted);
        assert_eq!(count.load(Ordering::Relaxed), 0);
    }
}
