//! Tables and rights as they were a moment ago.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ferrobase_db::{DbError, Pool};
use tokio::time::Instant;

use crate::store::tables;
use crate::table::{RoleView, Table};

/// What the stream does not tell (rights by membership, attributes of roles) is looked up again after so long.
const FRESH: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Catalog {
    pool: Pool,
    entries: Mutex<HashMap<u32, Entry>>,
}

#[derive(Debug)]
struct Entry {
    table: Arc<Table>,
    views: HashMap<Arc<str>, Arc<RoleView>>,
    since: Instant,
}

impl Catalog {
    pub(crate) fn new(pool: Pool) -> Self {
        Self {
            pool,
            entries: Mutex::default(),
        }
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// A table; `None` when it is gone.
    pub(crate) async fn table(&self, oid: u32) -> Result<Option<Arc<Table>>, DbError> {
        if let Some(entry) = self
            .entries()
            .get(&oid)
            .filter(|entry| entry.since.elapsed() < FRESH)
        {
            return Ok(Some(Arc::clone(&entry.table)));
        }
        let table = tables::table(&self.pool, oid).await?.map(Arc::new);
        match &table {
            Some(table) => {
                let entry = Entry {
                    table: Arc::clone(table),
                    views: HashMap::new(),
                    since: Instant::now(),
                };
                self.entries().insert(oid, entry);
            }
            None => self.forget(oid),
        }
        Ok(table)
    }

    /// What a role may see of a table; nothing when it does not exist.
    pub(crate) async fn view(&self, role: &Arc<str>, oid: u32) -> Result<Arc<RoleView>, DbError> {
        if let Some(view) = self.entries().get(&oid).and_then(|entry| entry.views.get(role)) {
            return Ok(Arc::clone(view));
        }
        let view = tables::role_view(&self.pool, role, oid).await?;
        let view = Arc::new(view.unwrap_or(RoleView {
            bypasses_rls: false,
            readable: Vec::new(),
        }));
        if let Some(entry) = self.entries().get_mut(&oid) {
            entry.views.insert(Arc::clone(role), Arc::clone(&view));
        }
        Ok(view)
    }

    /// The table may have been altered.
    pub(crate) fn forget(&self, oid: u32) {
        self.entries().remove(&oid);
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<u32, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
