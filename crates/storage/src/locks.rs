//! Who writes to a resumable upload (§13): one at a time, over all processes.
//!
//! The locks are advisory ones of the database, all of a process on one connection that it keeps as long as it has any: an
//! upload lasts for hours, and one connection for each would use the pool up. A lock ends with its process. Whoever comes
//! later takes over: the writer before it hears that it is waited for, secures what it has, and lets go. So a client whose
//! connection broke need not wait until the server has noticed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Duration;

use ferrobase_db::{Connection, Pool};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::error::{Result, StorageError};
use crate::store::locks;

/// Longest wait for the writer before.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time between two attempts.
const RETRY: Duration = Duration::from_millis(50);
/// Time between two looks whether another process waits, and whether the connection is still there.
const LOOK: Duration = Duration::from_millis(500);

/// The locks of this process; cheap to clone.
#[derive(Debug, Clone)]
pub struct Locks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: Pool,
    /// The connection that holds them, while there are any.
    session: Mutex<Option<Connection>>,
    table: StdMutex<Table>,
}

/// Uploads that this process has or waits for.
#[derive(Debug, Default)]
struct Table {
    /// Each tells its writer when it is wanted.
    entries: HashMap<Uuid, watch::Sender<bool>>,
    /// [`Locks::look`] is running.
    is_watched: bool,
}

/// An upload that is ours. Dropped, it is free.
#[derive(Debug)]
pub struct Held {
    reservation: Option<Reservation>,
    wanted: watch::Receiver<bool>,
}

impl Held {
    /// Resolves when somebody else wants the upload, or the lock was lost.
    pub async fn wanted(&mut self) {
        // The sender lives as long as the reservation.
        let _ = self.wanted.wait_for(|wanted| *wanted).await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(reservation) = self.reservation.take() else {
            return;
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // The entry goes after the lock, so that this process does not ask for what it still has.
            runtime.spawn(async move { reservation.release().await });
        }
    }
}

impl Locks {
    /// Locks that live in the database of `pool`.
    pub fn new(pool: Pool) -> Self {
        Self(Arc::new(Inner {
            pool,
            session: Mutex::default(),
            table: StdMutex::default(),
        }))
    }

    /// Makes an upload ours; takes it over from whoever has it. `LockTimeout` when that one does not let go.
    pub async fn take(&self, id: Uuid) -> Result<Held> {
        let locks = self.clone();
        // To its end, whatever becomes of the request: a lock that nobody knows of would stay.
        match tokio::spawn(async move { locks.wait_for(id).await }).await {
            Ok(outcome) => outcome,
            Err(error) => Err(StorageError::Internal(error.to_string())),
        }
    }

    async fn wait_for(&self, id: Uuid) -> Result<Held> {
        let deadline = Instant::now() + PATIENCE;
        let (reservation, wanted) = loop {
            if let Some(reserved) = self.reserve(id, true) {
                break reserved;
            }
            if Instant::now() >= deadline {
                return Err(StorageError::LockTimeout);
            }
            sleep(RETRY).await;
        };
        reservation.lock(deadline).await?;
        // Whoever wanted it before wants it from somebody else.
        self.0.table().tell(id, false);
        Ok(Held {
            reservation: Some(reservation),
            wanted,
        })
    }

    /// Makes an upload ours if nobody writes to it right now.
    pub async fn try_take(&self, id: Uuid) -> Result<Option<Held>> {
        let Some((reservation, wanted)) = self.reserve(id, false) else {
            return Ok(None);
        };
        let is_ours = reservation.attempt().await?;
        Ok(is_ours.then(|| Held {
            reservation: Some(reservation),
            wanted,
        }))
    }

    /// The place of the only one in this process who may ask for the lock. With `takes_over` who has it hears of it.
    fn reserve(&self, id: Uuid, takes_over: bool) -> Option<(Reservation, watch::Receiver<bool>)> {
        let mut table = self.0.table();
        if table.entries.contains_key(&id) {
            if takes_over {
                table.tell(id, true);
            }
            return None;
        }
        let (sender, wanted) = watch::channel(false);
        table.entries.insert(id, sender);
        if !std::mem::replace(&mut table.is_watched, true) {
            tokio::spawn(self.clone().look());
        }
        let reservation = Reservation {
            locks: self.clone(),
            id,
        };
        Some((reservation, wanted))
    }

    /// Tells writers that another process waits for them, or that their locks are lost; gives the connection back in the
    /// end.
    async fn look(self) {
        loop {
            sleep(LOOK).await;
            let mut session = self.0.session.lock().await;
            let ids: Vec<Uuid> = {
                let mut table = self.0.table();
                // Whoever reserves from here on starts another one of these, and waits for the session.
                table.is_watched = !table.entries.is_empty();
                table.entries.keys().copied().collect()
            };
            if ids.is_empty() {
                give_back(session.take()).await;
                return;
            }
            let Some(connection) = session.as_ref() else {
                continue;
            };
            match locks::wanted(connection, &ids).await {
                Ok(wanted) => {
                    let table = self.0.table();
                    for id in wanted {
                        table.tell(id, true);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the locks of resumable uploads are lost");
                    self.lost(&mut session);
                }
            }
        }
    }

    /// Nobody knows what is locked: the connection ends, and all writers stop.
    fn lost(&self, session: &mut Option<Connection>) {
        if let Some(connection) = session.take() {
            connection.close();
        }
        let table = self.0.table();
        for id in table.entries.keys() {
            table.tell(*id, true);
        }
    }
}

/// Back to the pool, without locks.
async fn give_back(session: Option<Connection>) {
    let Some(connection) = session else { return };
    if locks::unlock_all(&connection).await.is_err() {
        connection.close();
    }
}

impl Inner {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn tell(&self, id: Uuid, is_wanted: bool) {
        if let Some(writer) = self.entries.get(&id) {
            writer.send_replace(is_wanted);
        }
    }
}

/// An entry of the table, with the lock or without.
#[derive(Debug)]
struct Reservation {
    locks: Locks,
    id: Uuid,
}

impl Reservation {
    async fn lock(&self, deadline: Instant) -> Result<()> {
        if self.attempt().await? {
            return Ok(());
        }
        let is_announced = self.announce().await?;
        let outcome = loop {
            sleep(RETRY * 2).await;
            match self.attempt().await {
                Ok(false) if Instant::now() >= deadline => break Err(StorageError::LockTimeout),
                Ok(false) => {}
                Ok(true) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        if is_announced && let Some(connection) = self.locks.0.session.lock().await.as_ref() {
            locks::withdraw(connection, self.id).await?;
        }
        outcome
    }

    async fn attempt(&self) -> Result<bool> {
        let mut session = self.locks.0.session.lock().await;
        let connection = match session.take() {
            Some(connection) => session.insert(connection),
            None => session.insert(self.locks.0.pool.get().await?),
        };
        let outcome = locks::try_lock(connection, self.id).await;
        if outcome.is_err() {
            self.locks.lost(&mut session);
        }
        outcome
    }

    async fn announce(&self) -> Result<bool> {
        match self.locks.0.session.lock().await.as_ref() {
            Some(connection) => locks::announce(connection, self.id).await,
            None => Ok(false),
        }
    }

    async fn release(self) {
        let mut session = self.locks.0.session.lock().await;
        if let Some(connection) = session.as_ref()
            && locks::unlock(connection, self.id).await.is_err()
        {
            self.locks.lost(&mut session);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.locks.0.table().entries.remove(&self.id);
    }
}
