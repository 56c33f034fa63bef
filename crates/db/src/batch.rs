//! Writes that share a commit.
//!
//! A commit waits for the disk, and for small writes that costs more than the write. Single statements that arrive while
//! others are under way therefore run in one transaction on one connection, which commits once for all of them. Every
//! writer still waits for the commit before it gets its answer.
//!
//! The one who begins a batch is its leader; whoever comes before the leader's statement has run joins. When all statements
//! of the batch have run, it commits. Should one of them fail, or be given up, the whole batch is rolled back and the others
//! run again by themselves: nobody fails for somebody else's mistake. A writer that is alone just writes.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use postgres_types::ToSql;
use tokio::sync::watch;
use tokio_postgres::Row;

use crate::connection::{Connection, Executor};
use crate::error::DbError;
use crate::pool::Pool;

/// Most statements of a batch.
const LARGEST: usize = 32;

/// The batches of a pool.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    /// The batch that can be joined.
    open: Mutex<Option<Arc<Batch>>>,
    /// Writers under way.
    writers: AtomicUsize,
}

#[derive(Debug)]
struct Batch {
    connection: Connection,
    /// Writers whose statement has not ended.
    unfinished: watch::Sender<usize>,
    /// A statement failed or was given up.
    failed: AtomicBool,
    outcome: watch::Sender<Option<Outcome>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Committed,
    RolledBack,
    /// The connection broke while it committed.
    Unknown,
}

impl Batches {
    fn open(&self) -> MutexGuard<'_, Option<Arc<Batch>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the open batch, if there is one with room.
    fn join(&self) -> Option<Arc<Batch>> {
        let open = self.open();
        let batch = open
            .as_ref()
            .filter(|batch| *batch.unfinished.borrow() < LARGEST)?;
        batch.unfinished.send_modify(|count| *count += 1);
        Some(Arc::clone(batch))
    }

    /// Opens a batch on `connection`, or joins the one that was opened meanwhile. Says whether it is new.
    fn lead(&self, connection: Connection) -> (Arc<Batch>, bool) {
        let mut open = self.open();
        if let Some(batch) = open.as_ref().filter(|batch| *batch.unfinished.borrow() < LARGEST) {
            batch.unfinished.send_modify(|count| *count += 1);
            return (Arc::clone(batch), false);
        }
        let batch = Arc::new(Batch {
            connection,
            unfinished: watch::Sender::new(1),
            failed: AtomicBool::new(false),
            outcome: watch::Sender::new(None),
        });
        *open = Some(Arc::clone(&batch));
        (batch, true)
    }

    /// Nobody joins `batch` any more.
    fn close(&self, batch: &Arc<Batch>) {
        let mut open = self.open();
        if open.as_ref().is_some_and(|current| Arc::ptr_eq(current, batch)) {
            *open = None;
        }
    }
}

/// Counts a writer for as long as it is under way.
struct Writer<'a>(&'a Batches);

impl<'a> Writer<'a> {
    /// The writer, and whether it is the only one.
    fn new(batches: &'a Batches) -> (Self, bool) {
        let is_alone = batches.writers.fetch_add(1, Ordering::AcqRel) == 0;
        (Self(batches), is_alone)
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        self.0.writers.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A writer's part in a batch, until its statement has ended or was given up.
struct Part<'a> {
    batches: &'a Batches,
    batch: Arc<Batch>,
    is_leader: bool,
    is_done: bool,
}

impl Part<'_> {
    /// The statement has ended well.
    fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.batch.failed.store(true, Ordering::Release);
        }
        if self.is_leader {
            self.batches.close(&self.batch);
            // A task of its own: it goes on when the leader's request is given up.
            tokio::spawn(finish(Arc::clone(&self.batch)));
        }
        self.batch.unfinished.send_modify(|count| *count -= 1);
    }
}

/// Waits for the statements of a closed batch, then commits or rolls back.
async fn finish(batch: Arc<Batch>) {
    let mut unfinished = batch.unfinished.subscribe();
    // The sender is in the batch itself, so the only way out is the condition.
    let _ = unfinished.wait_for(|count| *count == 0).await;
    let outcome = if batch.failed.load(Ordering::Acquire) {
        // Without an answer the connection is closed when it is given back, which ends the transaction too.
        let _ = batch.connection.end("ROLLBACK").await;
        Outcome::RolledBack
    } else {
        match batch.connection.end("COMMIT").await {
            Ok(()) => Outcome::Committed,
            // The server refused (a deferred constraint, a serialization conflict): nothing lasts.
            Err(error)
                if error
                    .sqlstate()
                    .is_some_and(|state| ["23", "25", "40", "P0"].contains(&&state[..2])) =>
            {
                Outcome::RolledBack
            }
            Err(_) => Outcome::Unknown,
        }
    };
    batch.outcome.send_replace(Some(outcome));
}

/// An [`Executor`] for single, small writes; see [`Pool::batched`].
#[derive(Debug)]
pub struct Batched<'a>(pub(crate) &'a Pool);

impl Batched<'_> {
    async fn part(&self) -> Result<Part<'_>, DbError> {
        let batches = self.0.batches();
        let (batch, is_leader) = match batches.join() {
            Some(batch) => (batch, false),
            None => batches.lead(self.0.get().await?),
        };
        Ok(Part {
            batches,
            batch,
            is_leader,
            is_done: false,
        })
    }
}

impl Executor for Batched<'_> {
    async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbError> {
        let (_writer, is_alone) = Writer::new(self.0.batches());
        if is_alone {
            return self.0.query(sql, params).await;
        }
        let part = self.part().await?;
        let batch = Arc::clone(&part.batch);
        let rows = batch.connection.within(batch.connection.query(sql, params)).await;
        match &rows {
            Ok(_) => part.done(),
            Err(_) => drop(part),
        }
        let mut outcome = batch.outcome.subscribe();
        let outcome = outcome
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|outcome| *outcome);
        match (outcome, rows) {
            (Some(Outcome::Committed), Ok(rows)) => Ok(rows),
            (Some(Outcome::RolledBack), _) => self.0.query(sql, params).await,
            _ => Err(DbError::Unavailable(
                "the connection broke during a commit".to_owned(),
            )),
        }
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, DbError> {
        self.0.execute(sql, params).await
    }
}
