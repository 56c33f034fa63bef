//! The connections of requests: one request at a time on each, and each preferably for one role.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::AsyncWriteExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use tokio_postgres::Config;

use super::error::ExchangeError;
use super::exchange::{Exchange, Purpose, write_step};
use super::listen::Notifications;
use super::reply::{Piece, Reply};
use super::session::{Framed, Session, Statements};
use super::startup::log_in;
use super::stream::Connector;
use crate::error::DbError;
use crate::target::Parsed;

/// Longest time for opening a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Longest time for cleaning up after an abandoned request; after that the connection is closed.
const CLEAN_UP: Duration = Duration::from_secs(5);

/// Settings of a request pool.
#[derive(Debug, Clone)]
pub struct RequestPoolOptions {
    /// Most connections.
    pub max_connections: usize,
    /// Longest wait for a free one.
    pub acquire_timeout: Duration,
    /// How long a connection may lie idle.
    pub max_idle: Duration,
    /// How old a connection may become.
    pub max_lifetime: Duration,
    /// Most statements that stay prepared on a connection; 0 = none, for poolers that cannot have them.
    pub prepared_statements: usize,
    /// Send everything of a request together; off for poolers that cannot take it.
    pub pipeline: bool,
}

impl Default for RequestPoolOptions {
    fn default() -> Self {
        Self {
            max_connections: 10,
            acquire_timeout: Duration::from_secs(10),
            max_idle: Duration::from_secs(30),
            max_lifetime: Duration::from_secs(1800),
            prepared_statements: 256,
            pipeline: true,
        }
    }
}

/// Connections for requests; cheap to clone.
#[derive(Clone)]
pub struct RequestPool(Arc<Inner>);

struct Inner {
    connector: Connector,
    config: Config,
    options: RequestPoolOptions,
    permits: Arc<Semaphore>,
    /// Idle connections, the most recently used at the back.
    idle: Mutex<VecDeque<Session>>,
}

impl std::fmt::Debug for RequestPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestPool")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

impl RequestPool {
    pub(crate) fn new(target: &Parsed, options: RequestPoolOptions) -> Result<Self, DbError> {
        let inner = Arc::new(Inner {
            connector: Connector::new(target)?,
            config: target.config.clone(),
            permits: Arc::new(Semaphore::new(options.max_connections)),
            idle: Mutex::default(),
            options,
        });
        retire(&inner);
        Ok(Self(inner))
    }

    /// Runs a request's transaction. Returns when its first row has come, or its end; the rows are taken from the reply.
    /// A statement that no longer fits its tables is prepared anew: nothing of its transaction has happened then.
    pub async fn send(&self, exchange: &Exchange<'_>) -> Result<Reply, ExchangeError> {
        let lease = self.lease(exchange.role).await?;
        match lease.run(exchange).await {
            Err((mut lease, ExchangeError::Server(error))) if error.is_stale_statement() => {
                lease.make_ready().await?;
                lease.session()?.statements.clear();
                lease.run(exchange).await.map_err(|(_, error)| error)
            }
            other => other.map_err(|(_, error)| error),
        }
    }

    /// Listens on a channel, on a connection of its own.
    pub async fn listen(&self, channel: &str) -> Result<Notifications, ExchangeError> {
        let session = self.0.open("").await?;
        Notifications::begin(session, channel).await
    }

    /// Closes the idle connections, so that the next requests open new ones.
    pub fn renew(&self) {
        self.0.idle().clear();
    }

    async fn lease(&self, role: &str) -> Result<Lease, ExchangeError> {
        let permits = Arc::clone(&self.0.permits);
        let permit = match permits.try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => timeout(
                self.0.options.acquire_timeout,
                Arc::clone(&self.0.permits).acquire_owned(),
            )
            .await
            .map_err(|_| ExchangeError::PoolTimeout)?
            .map_err(|error| ExchangeError::Unreachable(error.to_string()))?,
        };
        while let Some(mut session) = self.0.take_idle(role) {
            if session.framed.is_quiet() {
                if *session.role != *role {
                    session.role = role.into();
                }
                return Ok(Lease::new(self, session, permit));
            }
        }
        let session = self.0.open(role).await?;
        Ok(Lease::new(self, session, permit))
    }
}

impl Inner {
    fn idle(&self) -> std::sync::MutexGuard<'_, VecDeque<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that worked as `role` last; else, when no further one may be opened, the one that was idle for longest.
    fn take_idle(&self, role: &str) -> Option<Session> {
        let mut idle = self.idle();
        if let Some(index) = idle.iter().rposition(|session| *session.role == *role) {
            return idle.remove(index);
        }
        let in_use = self.options.max_connections - self.permits.available_permits();
        if idle.len() + in_use > self.options.max_connections {
            return idle.pop_front();
        }
        None
    }

    async fn open(&self, role: &str) -> Result<Session, ExchangeError> {
        let connecting = async {
            let stream = self
                .connector
                .open()
                .await
                .map_err(|error| ExchangeError::Unreachable(error.to_string()))?;
            let mut framed = Framed::new(stream);
            let greeting = log_in(&mut framed, &self.config).await?;
            Ok((framed, greeting))
        };
        let (framed, greeting) = timeout(CONNECT, connecting)
            .await
            .map_err(|_| ExchangeError::Unreachable("it does not answer".to_owned()))?
            .map_err(|error| match error {
                ExchangeError::Lost(reason) => ExchangeError::Unreachable(reason),
                other => other,
            })?;
        let now = Instant::now();
        Ok(Session {
            framed,
            statements: Statements::new(self.options.prepared_statements),
            role: role.into(),
            process_id: greeting.process_id,
            secret_key: greeting.secret_key,
            idle_since: now,
            born: now,
            is_busy: false,
            is_broken: false,
            state: b'I',
        })
    }

    fn give_back(&self, mut session: Session) {
        session.framed.shrink();
        session.idle_since = Instant::now();
        if session.idle_since - session.born < self.options.max_lifetime {
            self.idle().push_back(session);
        }
    }

    /// Asks the server to stop what a connection does.
    async fn cancel(&self, process_id: i32, secret_key: i32) -> std::io::Result<()> {
        let mut stream = self.connector.open().await?;
        let mut message = BytesMut::new();
        frontend::cancel_request(process_id, secret_key, &mut message);
        stream.write_all(&message).await?;
        stream.shutdown().await
    }
}

/// Closes connections that nobody used for a while; the last one stays, so that a quiet service still answers at once.
fn retire(inner: &Arc<Inner>) {
    let weak = Arc::downgrade(inner);
    let period = (inner.options.max_idle / 2).max(Duration::from_millis(100));
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(period).await;
            let Some(inner) = weak.upgrade() else { return };
            let mut idle = inner.idle();
            while idle.len() > 1
                && idle
                    .front()
                    .is_some_and(|session| session.idle_since.elapsed() > inner.options.max_idle)
            {
                idle.pop_front();
            }
        }
    });
}

/// A connection in use. Given back on drop if it is ready, else cleaned up in the background.
pub(crate) struct Lease {
    pool: RequestPool,
    /// `None` only while it is being dropped.
    session: Option<Session>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Lease {
    fn new(pool: &RequestPool, session: Session, permit: OwnedSemaphorePermit) -> Self {
        Self {
            pool: pool.clone(),
            session: Some(session),
            permit: Some(permit),
        }
    }

    pub(crate) fn session(&mut self) -> Result<&mut Session, ExchangeError> {
        self.session
            .as_mut()
            .ok_or_else(|| ExchangeError::Lost("the connection is gone".to_owned()))
    }

    async fn run(mut self, exchange: &Exchange<'_>) -> Result<Reply, (Self, ExchangeError)> {
        if self.pool.0.options.pipeline {
            match self.send_train(exchange).await {
                Ok((purposes, parses)) => {
                    Reply::new(self, purposes, parses, exchange.stream_above)
                        .read_ahead()
                        .await
                }
                Err(error) => Err((self, error)),
            }
        } else {
            self.run_stepwise(exchange).await
        }
    }

    /// Everything in one write.
    async fn send_train(
        &mut self,
        exchange: &Exchange<'_>,
    ) -> Result<(Vec<Purpose>, VecDeque<String>), ExchangeError> {
        let steps = exchange.steps(true);
        let mut parses = VecDeque::new();
        let session = self.session()?;
        session.write_closes()?;
        for step in &steps {
            match write_step(step, &mut session.statements, &mut session.framed.out) {
                Ok(name) => parses.extend(name),
                Err(error) => {
                    session.framed.out.clear();
                    session.statements.settle();
                    return Err(error);
                }
            }
        }
        session.send().await?;
        Ok((steps.iter().map(|step| step.purpose).collect(), parses))
    }

    /// Every statement on its own: for poolers that cannot take more. Rows are kept until the end.
    async fn run_stepwise(mut self, exchange: &Exchange<'_>) -> Result<Reply, (Self, ExchangeError)> {
        let mut rows = VecDeque::new();
        for step in exchange.steps(false) {
            let sent = async {
                let session = self.session()?;
                session.write_closes()?;
                let parsed = write_step(&step, &mut session.statements, &mut session.framed.out)?;
                session.send().await?;
                Ok(parsed)
            };
            let parsed = match sent.await {
                Ok(parsed) => parsed.into_iter().collect(),
                Err(error) => return Err((self, error)),
            };
            let mut reply = Reply::new(self, vec![step.purpose], parsed, usize::MAX);
            loop {
                match reply.next().await {
                    Ok(Some(piece)) => rows.push_back(piece),
                    Ok(None) => break,
                    Err(error) => return Err((reply.into_lease(), error)),
                }
            }
            self = reply.into_lease();
        }
        Ok(Reply::complete(self, rows))
    }

    /// Brings the connection to where the next transaction can begin.
    async fn make_ready(&mut self) -> Result<(), ExchangeError> {
        let session = self.session()?;
        if session.is_broken || session.is_busy {
            return Err(ExchangeError::Lost(
                "the connection cannot be used again".to_owned(),
            ));
        }
        session.roll_back().await
    }

    /// Whether the connection can serve the next request as it is.
    fn is_ready(&self) -> bool {
        self.session
            .as_ref()
            .is_some_and(|session| !session.is_busy && !session.is_broken && session.state == b'I')
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let is_ready = self.is_ready();
        let Some(mut session) = self.session.take() else {
            return;
        };
        if is_ready {
            self.pool.0.give_back(session);
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (pool, permit) = (self.pool.clone(), self.permit.take());
        runtime.spawn(async move {
            let clean_up = async {
                if session.is_busy {
                    // Without this the server would run the query to its end.
                    pool.0.cancel(session.process_id, session.secret_key).await?;
                }
                session.wait_until_ready().await
            };
            if let Ok(Ok(())) = timeout(CLEAN_UP, clean_up).await {
                pool.0.give_back(session);
            }
            drop(permit);
        });
    }
}

impl Session {
    fn write_closes(&mut self) -> Result<(), ExchangeError> {
        for name in self.statements.take_given_up() {
            frontend::close(b'S', &name, &mut self.framed.out)?;
        }
        Ok(())
    }

    async fn send(&mut self) -> Result<(), ExchangeError> {
        frontend::sync(&mut self.framed.out);
        // Until everything is written nothing else may be.
        self.is_busy = true;
        self.is_broken = true;
        self.framed.flush().await?;
        self.is_broken = false;
        Ok(())
    }

    async fn roll_back(&mut self) -> Result<(), ExchangeError> {
        if self.state == b'I' {
            return Ok(());
        }
        frontend::query("ROLLBACK", &mut self.framed.out)?;
        self.is_busy = true;
        self.framed.flush().await?;
        self.skip_to_ready().await?;
        Ok(())
    }

    async fn skip_to_ready(&mut self) -> std::io::Result<()> {
        use postgres_protocol::message::backend::Message;
        while self.is_busy {
            let header = self.framed.header().await?;
            if header.tag == b'D' {
                self.framed.skip(header.length + 1).await?;
            } else if let Message::ReadyForQuery(body) = self.framed.message().await? {
                self.state = body.status();
                self.is_busy = false;
            }
        }
        Ok(())
    }

    async fn wait_until_ready(&mut self) -> std::io::Result<()> {
        if self.is_broken {
            return Err(std::io::Error::other("the connection is broken"));
        }
        // Which of the announced statements exist now is not known: none of them is used.
        self.statements.settle();
        self.skip_to_ready().await?;
        self.roll_back()
            .await
            .map_err(|error| std::io::Error::other(error.to_string()))
    }
}

impl Reply {
    pub(crate) fn complete(lease: Lease, rows: VecDeque<Piece>) -> Self {
        let mut reply = Self::new(lease, Vec::new(), VecDeque::new(), usize::MAX);
        reply.end_with(rows);
        reply
    }
}
