//! Statements and transactions on one connection.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use deadpool_postgres::Object;
use futures_util::future::join;
use futures_util::poll;
use postgres_types::ToSql;
use tokio::sync::Mutex;
use tokio_postgres::{Row, Statement};

use crate::error::DbError;

/// Anything that runs a statement: a pool (a connection for just this statement), a connection, a transaction.
///
/// Statements are prepared once per connection. Futures of one connection that are polled together (`join!`) travel in
/// one network round trip and run in the order of their first poll.
pub trait Executor: Send + Sync {
    /// All rows.
    fn query(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> impl Future<Output = Result<Vec<Row>, DbError>> + Send;

    /// The number of rows that were changed.
    fn execute(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> impl Future<Output = Result<u64, DbError>> + Send;

    /// The first row, if there is one.
    fn query_opt(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> impl Future<Output = Result<Option<Row>, DbError>> + Send {
        async move { Ok(self.query(sql, params).await?.into_iter().next()) }
    }

    /// The first row of a statement that always has one.
    fn query_one(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> impl Future<Output = Result<Row, DbError>> + Send {
        async move {
            let row = self.query(sql, params).await?.into_iter().next();
            row.ok_or_else(|| DbError::Unavailable("the statement gave no row".to_owned()))
        }
    }
}

/// A connection taken from a pool.
#[derive(Debug)]
pub struct Connection {
    /// `None` only while it is being dropped.
    client: Option<Object>,
    /// Held while a statement is prepared and sent: keeps the order of concurrent statements.
    order: Mutex<()>,
    /// A transaction began and its end was not seen.
    is_open: AtomicBool,
}

/// Longest time for the rollback of an abandoned transaction; after that the connection is closed instead.
const ROLLBACK_LIMIT: Duration = Duration::from_secs(5);

impl Connection {
    pub(crate) fn new(client: Object) -> Self {
        Self {
            client: Some(client),
            order: Mutex::new(()),
            is_open: AtomicBool::new(false),
        }
    }

    fn client(&self) -> Result<&Object, DbError> {
        self.client
            .as_ref()
            .ok_or_else(|| DbError::Unavailable("the connection is gone".to_owned()))
    }

    /// Whether the server ended the connection.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.as_ref().is_none_or(|client| client.is_closed())
    }

    /// Ends the connection instead of giving it back: with it go the locks of its session.
    pub fn close(mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }

    /// Begins a transaction. `BEGIN` travels together with its first statement.
    pub async fn begin(&mut self) -> Result<Transaction<'_>, DbError> {
        if self.is_open.swap(false, Ordering::AcqRel) {
            self.client()?.batch_execute("ROLLBACK").await?;
        }
        Ok(Transaction { connection: self })
    }

    /// Runs `statement`, behind `BEGIN` if it is the first one of a transaction.
    pub(crate) async fn within<T>(
        &self,
        statement: impl Future<Output = Result<T, DbError>>,
    ) -> Result<T, DbError> {
        if self.is_open.swap(true, Ordering::AcqRel) {
            return statement.await;
        }
        // `join` polls in order, and the first poll sends.
        let (begun, result) = join(self.client()?.batch_execute("BEGIN"), statement).await;
        begun?;
        result
    }

    /// Ends the transaction, if one is open.
    pub(crate) async fn end(&self, command: &str) -> Result<(), DbError> {
        if self.is_open.load(Ordering::Acquire) {
            self.client()?.batch_execute(command).await?;
            self.is_open.store(false, Ordering::Release);
        }
        Ok(())
    }

    /// Ends the transaction; sent in turn, behind the statements that were polled before.
    async fn end_in_turn(&self, command: &str) -> Result<(), DbError> {
        let turn = self.order.lock().await;
        let mut answer = pin!(self.client()?.batch_execute(command));
        let first = poll!(answer.as_mut());
        drop(turn);
        match first {
            Poll::Ready(result) => result?,
            Poll::Pending => answer.await?,
        }
        self.is_open.store(false, Ordering::Release);
        Ok(())
    }

    /// Several statements without parameters and results.
    pub async fn batch(&self, sql: &str) -> Result<(), DbError> {
        Ok(self.client()?.batch_execute(sql).await?)
    }

    /// Prepares, sends in order, then waits for the answer. A statement that no longer fits its table is prepared anew,
    /// outside of transactions.
    async fn run<T, F>(&self, sql: &str, send: impl Fn(Statement) -> F + Send + Sync) -> Result<T, DbError>
    where
        T: Send,
        F: Future<Output = Result<T, tokio_postgres::Error>> + Send,
    {
        let first = self.attempt(sql, &send).await;
        match first {
            Err(error) if error.is_stale_statement() => {
                self.client()?.statement_cache.clear();
                if self.is_open.load(Ordering::Acquire) {
                    Err(error)
                } else {
                    self.attempt(sql, &send).await
                }
            }
            other => other,
        }
    }

    async fn attempt<T, F>(
        &self,
        sql: &str,
        send: &(impl Fn(Statement) -> F + Send + Sync),
    ) -> Result<T, DbError>
    where
        T: Send,
        F: Future<Output = Result<T, tokio_postgres::Error>> + Send,
    {
        let turn = self.order.lock().await;
        let statement = self.client()?.prepare_cached(sql).await?;
        let mut answer = pin!(send(statement));
        let first = poll!(answer.as_mut());
        drop(turn);
        Ok(match first {
            Poll::Ready(result) => result,
            Poll::Pending => answer.await,
        }?)
    }
}

impl Executor for Connection {
    async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbError> {
        let client = self.client()?;
        self.run(
            sql,
            |statement| async move { client.query(&statement, params).await },
        )
        .await
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, DbError> {
        let client = self.client()?;
        self.run(sql, |statement| async move {
            client.execute(&statement, params).await
        })
        .await
    }
}

impl Drop for Connection {
    /// Ends a transaction that was left open before the connection goes back.
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        if !self.is_open.load(Ordering::Acquire) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            drop(Object::take(client));
            return;
        };
        runtime.spawn(async move {
            let ended = tokio::time::timeout(ROLLBACK_LIMIT, client.batch_execute("ROLLBACK")).await;
            if !matches!(ended, Ok(Ok(()))) {
                drop(Object::take(client));
            }
        });
    }
}

/// A transaction. Dropped without [`Transaction::commit`] it is rolled back.
#[derive(Debug)]
pub struct Transaction<'a> {
    connection: &'a mut Connection,
}

impl<'a> Transaction<'a> {
    /// Makes everything last.
    pub async fn commit(self) -> Result<(), DbError> {
        self.connection.end("COMMIT").await
    }

    /// Undoes everything.
    pub async fn rollback(self) -> Result<(), DbError> {
        self.connection.end("ROLLBACK").await
    }

    /// Undoes everything, in the same round trip as the statements that are polled before it (`join!`), of which there is at
    /// least one.
    pub async fn undo(&self) -> Result<(), DbError> {
        self.connection.end_in_turn("ROLLBACK").await
    }

    /// Ends with the next statement: `COMMIT` travels together with it.
    pub fn last(self) -> Last<'a> {
        Last {
            connection: self.connection,
        }
    }
}

impl Executor for Transaction<'_> {
    async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbError> {
        self.connection.within(self.connection.query(sql, params)).await
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, DbError> {
        self.connection.within(self.connection.execute(sql, params)).await
    }
}

/// The end of a transaction: an [`Executor`] for one statement, after which everything lasts. When the statement fails,
/// nothing does.
#[derive(Debug)]
pub struct Last<'a> {
    connection: &'a mut Connection,
}

impl Last<'_> {
    async fn with_commit<T>(
        &self,
        statement: impl Future<Output = Result<T, DbError>>,
    ) -> Result<T, DbError> {
        if !self.connection.is_open.load(Ordering::Acquire) {
            return statement.await;
        }
        // `join` polls in order: the statement is the first to ask for its turn.
        let (result, committed) = join(statement, self.connection.end_in_turn("COMMIT")).await;
        let result = result?;
        committed?;
        Ok(result)
    }
}

impl Executor for Last<'_> {
    async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbError> {
        self.with_commit(self.connection.query(sql, params)).await
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, DbError> {
        self.with_commit(self.connection.execute(sql, params)).await
    }
}
