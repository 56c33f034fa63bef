//! Reads that share connections.
//!
//! A connection of one's own for every small read makes the server and PostgreSQL wake each other for each of them. On a
//! shared connection reads that arrive together travel together and are answered together. Only single, cheap reads
//! belong here: an expensive one would hold up those behind it, and a write would make them wait for its commit.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use postgres_types::ToSql;
use tokio_postgres::Row;

use crate::connection::{Connection, Executor};
use crate::error::DbError;
use crate::pool::Pool;

/// Reads under way on a connection before another one is taken into use.
const BUSY: usize = 16;

/// The connections that are shared now. They go back to the pool when nobody reads.
#[derive(Debug, Default)]
pub(crate) struct Shared(Mutex<Vec<Weak<Connection>>>);

impl Shared {
    /// A shared connection that still works and is not busy.
    fn pick(&self) -> Option<Arc<Connection>> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shared.retain(|connection| connection.strong_count() > 0);
        shared
            .iter()
            .filter_map(Weak::upgrade)
            // One of them is the reference just made.
            .find(|connection| Arc::strong_count(connection) <= BUSY && !connection.is_closed())
    }

    fn add(&self, connection: &Arc<Connection>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::downgrade(connection));
    }
}

/// An [`Executor`] for single, cheap reads; see [`Pool::reads`].
#[derive(Debug)]
pub struct Reads<'a>(pub(crate) &'a Pool);

impl Reads<'_> {
    async fn connection(&self) -> Result<Arc<Connection>, DbError> {
        if let Some(connection) = self.0.shared().pick() {
            return Ok(connection);
        }
        let connection = Arc::new(self.0.get().await?);
        self.0.shared().add(&connection);
        Ok(connection)
    }
}

impl Executor for Reads<'_> {
    async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbError> {
        self.connection().await?.query(sql, params).await
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, DbError> {
        self.0.execute(sql, params).await
    }
}
