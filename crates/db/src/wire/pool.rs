//! The connections of requests: one request at a time on each, and each preferably for one role.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use tokio_postgres::Config;

use super::error::ExchangeError;
use super::exchange::{Exchange, Purpose, Sent, write_step};
use super::lane::Lanes;
use super::listen::Notifications;
use super::reply::Reply;
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
pub struct RequestPool(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    connector: Connector,
    config: Config,
    options: RequestPoolOptions,
    permits: Arc<Semaphore>,
    /// Idle connections, the most recently used at the back.
    idle: Mutex<VecDeque<Session>>,
    pub(crate) lanes: Lanes,
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
            lanes: Lanes::default(),
            options,
        });
        retire(&inner);
        Ok(Self(inner))
    }

    /// Runs a request's transaction. Returns when its first row has come, or its end; the rows are taken from the reply.
    /// A statement that no longer fits its tables is prepared anew: nothing of its transaction has happened then.
    pub async fn send(&self, exchange: &Exchange<'_>) -> Result<Reply, ExchangeError> {
        self.send_timed(exchange).await.map(|(reply, _)| reply)
    }

    /// With the time from sending to the first row.
    pub(crate) async fn send_timed(
        &self,
        exchange: &Exchange<'_>,
    ) -> Result<(Reply, Duration), ExchangeError> {
        let lease = self.lease(&exchange.role).await?;
        let begun = Instant::now();
        let reply = match lease.run(exchange).await {
            Err((mut lease, ExchangeError::Server(error))) if error.is_stale_statement() => {
                lease.make_ready().await?;
                lease.forget_statements();
                lease.run(exchange).await
            }
            other => other,
        };
        reply
            .map(|reply| (reply, begun.elapsed()))
            .map_err(|(_, error)| error)
    }

    /// Whether requests may travel together and others are under way.
    pub(crate) fn can_share(&self) -> bool {
        self.0.options.pipeline && self.0.permits.available_permits() < self.0.options.max_connections
    }

    /// Asks the server to stop what the connection with this key does.
    pub(crate) async fn cancel(&self, (process_id, secret_key): (i32, i32)) -> std::io::Result<()> {
        self.0.cancel(process_id, secret_key).await
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

    pub(crate) async fn lease(&self, role: &str) -> Result<Lease, ExchangeError> {
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

impl From<Arc<Inner>> for RequestPool {
    fn from(inner: Arc<Inner>) -> Self {
        Self(inner)
    }
}

impl Inner {
    /// On how many connections the small reads of a role travel: as many as can run at the same time, and never all.
    pub(crate) fn lanes_per_role(&self) -> usize {
        static CORES: LazyLock<usize> =
            LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));
        (self.options.max_connections / 2).min(*CORES).max(1)
    }

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
            let greeting = log_in(&mut framed, &self.config, &[]).await?;
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
            awaited: 0,
            is_broken: false,
            state: b'I',
            has_iso_dates: greeting.has_iso_dates,
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
        stream.flush().await?;
        // The server hangs up when it has done so. Before that, the next request of the connection might be hit instead.
        let _ = stream.read_u8().await;
        Ok(())
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

    /// Of a reply that has come already.
    pub(crate) fn empty(pool: &RequestPool) -> Self {
        Self {
            pool: pool.clone(),
            session: None,
            permit: None,
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
                Ok(sent) => Reply::new(self, sent, exchange.stream_above).read_ahead().await,
                Err(error) => Err((self, error)),
            }
        } else {
            self.run_stepwise(exchange).await
        }
    }

    /// Everything in one write.
    async fn send_train(&mut self, exchange: &Exchange<'_>) -> Result<Sent, ExchangeError> {
        let sent = self.write(exchange)?;
        self.flush().await?;
        Ok(sent)
    }

    /// Writes a request with its `Sync`; of one that cannot be sent nothing is left.
    pub(crate) fn write(&mut self, exchange: &Exchange<'_>) -> Result<Sent, ExchangeError> {
        let steps = exchange.steps(true);
        let mut sent = Sent::default();
        let session = self.session()?;
        let before = session.framed.out.len();
        if before == 0 {
            session.write_closes()?;
        }
        for step in &steps {
            let written = write_step(step, &mut session.statements, &mut session.framed.out, &mut sent);
            if let Err(error) = written {
                session.framed.out.truncate(before);
                for name in &sent.parses {
                    session.statements.withdraw(name);
                }
                return Err(error);
            }
        }
        frontend::sync(&mut session.framed.out);
        session.awaited += 1;
        Ok(sent)
    }

    /// Sends what was written.
    pub(crate) async fn flush(&mut self) -> Result<(), ExchangeError> {
        self.session()?.flush().await
    }

    /// Whether dates come in ISO 8601's order.
    pub(crate) fn has_iso_dates(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.has_iso_dates)
    }

    /// Whether nothing more can come from the connection.
    pub(crate) fn is_lost(&self) -> bool {
        self.session.as_ref().is_none_or(|session| session.is_broken)
    }

    /// The next requests prepare their statements anew.
    pub(crate) fn forget_statements(&mut self) {
        if let Some(session) = &mut self.session {
            session.statements.clear();
        }
    }

    /// Every statement on its own: for poolers that cannot take more. Rows are kept until the end.
    async fn run_stepwise(mut self, exchange: &Exchange<'_>) -> Result<Reply, (Self, ExchangeError)> {
        let mut rows = VecDeque::new();
        let mut columns = None;
        let mut affected = 0;
        for step in exchange.steps(false) {
            let sent = async {
                let session = self.session()?;
                session.write_closes()?;
                let mut sent = Sent::default();
                write_step(&step, &mut session.statements, &mut session.framed.out, &mut sent)
                    .map_err(|error| session.take_back(error))?;
                session.send().await?;
                Ok(sent)
            };
            let sent = match sent.await {
                Ok(sent) => sent,
                Err(error) => return Err((self, error)),
            };
            let mut reply = Reply::new(self, sent, usize::MAX);
            loop {
                match reply.next().await {
                    Ok(Some(piece)) => rows.push_back(piece),
                    Ok(None) => break,
                    Err(error) => return Err((reply.into_lease(), error)),
                }
            }
            columns = reply.columns().or(columns);
            if step.purpose == Purpose::Main {
                affected = reply.affected();
            }
            self = reply.into_lease();
        }
        Ok(Reply::complete(self, rows, columns).having_affected(affected))
    }

    /// Brings the connection to where the next transaction can begin.
    async fn make_ready(&mut self) -> Result<(), ExchangeError> {
        let session = self.session()?;
        if session.is_broken || session.awaited > 0 {
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
            .is_some_and(|session| session.awaited == 0 && !session.is_broken && session.state == b'I')
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
                if session.awaited > 0 {
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
