//! A stream that is kept going.

use std::convert::Infallible;
use std::time::Duration;

use ferrobase_db::{Db, ExchangeError, Pool, PoolRole, ReplicationConnection};
use tokio::time::timeout;

use crate::backoff::Backoff;
use crate::error::ReplicationError;
use crate::event::{Event, GapReason};
use crate::queue::{Events, Outbox, queue};
use crate::session::Session;
use crate::status::{State, StatusSender, StatusWatch, status};
use crate::store::{server, slots};
use crate::transaction::Progress;
use crate::watchdog::{Abandoned, Watchdog};

/// Longest time for a command besides the making of a slot, which waits for open transactions.
const COMMAND: Duration = Duration::from_secs(15);
const CREATE: Duration = Duration::from_secs(600);

/// Longest time for the slot's end when the process ends.
const FAREWELL: Duration = Duration::from_secs(3);

/// How long the reader may take nothing before the connection is given up: a server that shuts down waits for it.
const BLOCKED: Duration = Duration::from_secs(10);

/// How long a slot of another process lies unused before it is dropped.
const PATIENCE: Duration = Duration::from_secs(300);

/// Most lag where the server does not limit what a slot keeps.
const MOST_LAG: u64 = 1024 * 1024 * 1024;

/// What to stream, and how.
#[derive(Debug, Clone)]
pub struct StreamOptions {
    /// Publications; those that do not exist (yet) are left out.
    pub publications: Vec<String>,
    /// Begins the names of slots of all processes, which clean up after each other: letters, digits, underscores.
    pub slot_prefix: String,
    /// Makes this process's slot different from all others'.
    pub process: String,
    /// About how many bytes of events wait for the reader at most.
    pub queue_bytes: usize,
    /// How many bytes of log the reader may be behind; `None` = half of what the server keeps for a slot, or 1 GiB.
    pub max_lag: Option<u64>,
}

/// A stream of committed changes.
#[derive(Debug)]
pub struct Stream {
    db: Db,
    pool: Pool,
    options: StreamOptions,
    slot: String,
    status: StatusSender,
    abandoned: Abandoned,
    /// The slot that there is, and how far it was read.
    held: Option<Held>,
    /// What the reader has to be told before anything else.
    gap: Option<GapReason>,
    outbox: Outbox,
}

#[derive(Debug)]
struct Held {
    is_temporary: bool,
    progress: Progress,
}

/// A stream that has begun.
struct Begun {
    connection: ReplicationConnection,
    publications: Vec<String>,
    max_lag: u64,
}

impl Stream {
    /// A stream of `db`, its events, and how it is doing. Nothing happens before [`Self::run`].
    pub fn new(db: &Db, options: StreamOptions) -> Result<(Self, Events, StatusWatch), ReplicationError> {
        let (status, watch) = status();
        let (outbox, events) = queue(options.queue_bytes, status.clone());
        let stream = Self {
            db: db.clone(),
            pool: db.pool(PoolRole::Admin)?,
            slot: format!("{}{}", options.slot_prefix, options.process),
            abandoned: Abandoned::new(options.slot_prefix.clone(), PATIENCE),
            options,
            status,
            held: None,
            gap: None,
            outbox,
        };
        Ok((stream, events, watch))
    }

    /// Streams until `ended`, through lost connections and restarts of the server.
    ///
    /// What is guaranteed: once the state is [`State::Streaming`], every change of the publications' tables that is
    /// committed is told once and in the order of the commits, or [`Event::Gap`] is told in its place.
    ///
    /// Where the server limits what a slot keeps (`max_slot_wal_keep_size`, as on the managed cluster), the slot outlives
    /// the connection: nothing is lost by a cut connection or a restart of the server. Elsewhere a slot that a killed
    /// process leaves behind could fill the server's disk, so there the slot is a temporary one that ends with its
    /// connection, and every new connection comes with a gap. Either way a gap is told when the reader lags further behind
    /// than it may, when the server has removed the log, and when a publication appears or disappears.
    pub async fn run(mut self, ended: impl Future<Output = ()> + Send) {
        tokio::select! {
            () = ended => {}
            () = self.keep() => {}
        }
        if self.held.as_ref().is_some_and(|held| !held.is_temporary) {
            let left = timeout(FAREWELL, self.drop_slot()).await;
            if !matches!(left, Ok(Ok(()))) {
                tracing::warn!(
                    slot = self.slot,
                    "the replication slot stays until another process drops it"
                );
            }
        }
    }

    async fn keep(&mut self) {
        let mut backoff = Backoff::new();
        loop {
            let error = match self.stream(&mut backoff).await {
                Ok(never) => match never {},
                Err(ReplicationError::Unread) => return,
                Err(error) => error,
            };
            self.note(&error);
            tokio::time::sleep(backoff.pause(error.is_lasting())).await;
        }
    }

    /// Decides what an error means for what comes next.
    fn note(&mut self, error: &ReplicationError) {
        if error.is_lasting() {
            if self.status.set(State::Unavailable(error.to_string().into())) {
                tracing::warn!(%error, "no stream of database changes");
            }
        } else if self.status.set(State::Connecting) {
            tracing::info!(%error, "the stream of database changes is interrupted");
        } else {
            tracing::debug!(%error, "no stream of database changes yet");
        }
        let Some(held) = &self.held else { return };
        let is_spoilt = error.spoils_slot() || error.is_lasting();
        if held.is_temporary || is_spoilt {
            self.held = None;
            self.gap = Some(match error {
                ReplicationError::Overrun(_) => GapReason::TooFarBehind,
                ReplicationError::PublicationsChanged | ReplicationError::NoPublication(_) => {
                    GapReason::PublicationsChanged
                }
                _ if is_spoilt => GapReason::LogRemoved,
                _ => GapReason::Disconnected,
            });
        }
    }

    /// Streams until something fails.
    async fn stream(&mut self, backoff: &mut Backoff) -> Result<Infallible, ReplicationError> {
        let begun = self.begin().await?;
        if let Some(reason) = self.gap {
            self.outbox.put(Event::Gap(reason)).await?;
            self.gap = None;
        }
        self.status.set(State::Streaming);
        backoff.reset();
        let Some(held) = &mut self.held else {
            return Err(ReplicationError::Lost("no slot was made".to_owned()));
        };
        let watchdog = Watchdog {
            pool: &self.pool,
            slot: &self.slot,
            wanted: &self.options.publications,
            publications: &begun.publications,
            max_lag: begun.max_lag,
            status: &self.status,
        };
        // A slot that outlives its connection loses nothing when the connection is given up.
        let patience = (!held.is_temporary).then_some(BLOCKED);
        let mut session = Session::new(
            begun.connection,
            &self.outbox,
            &mut held.progress,
            &self.status,
            patience,
        );
        tokio::select! {
            ended = session.run() => ended.map_err(|error| match error.code() {
                // Undefined object: a publication as of the place in the log.
                Some("42704") => ReplicationError::PublicationsChanged,
                _ => error,
            }),
            error = watchdog.run(&mut self.abandoned) => Err(error),
        }
    }

    /// Connects, and begins the stream where the slot is, or with a new one.
    async fn begin(&mut self) -> Result<Begun, ReplicationError> {
        let mut connection = match self.db.replication().await {
            Err(ExchangeError::Unreachable(reason)) => return Err(self.unreachable(reason).await),
            other => other?,
        };
        let settings = in_time(server::prepare(&mut connection)).await?;
        if settings.wal_level != "logical" {
            return Err(ReplicationError::WalLevel(settings.wal_level));
        }
        let publications = server::publications(&self.pool, &self.options.publications).await?;
        if publications.is_empty() {
            return Err(ReplicationError::NoPublication(
                self.options.publications.join(", "),
            ));
        }
        let from = match &self.held {
            Some(held) => {
                slots::disconnect(&self.pool, &self.slot).await?;
                held.progress.confirmed()
            }
            None => {
                self.make_slot(&mut connection, settings.slot_limit.is_none())
                    .await?
            }
        };
        in_time(server::start(&mut connection, &self.slot, from, &publications)).await?;
        let most = settings.slot_limit.map_or(MOST_LAG, |limit| limit / 2);
        Ok(Begun {
            connection,
            publications,
            max_lag: self.options.max_lag.unwrap_or(most),
        })
    }

    async fn make_slot(
        &mut self,
        connection: &mut ReplicationConnection,
        is_temporary: bool,
    ) -> Result<crate::Lsn, ReplicationError> {
        self.drop_slot().await?;
        let making = server::create_slot(connection, &self.slot, is_temporary);
        let start = timeout(CREATE, making)
            .await
            .map_err(|_| ReplicationError::Silent)??;
        self.held = Some(Held {
            is_temporary,
            progress: Progress::at(start),
        });
        Ok(start)
    }

    /// Drops the slot, if there is one; waits until its connection has ended.
    async fn drop_slot(&self) -> Result<(), ReplicationError> {
        while !slots::drop_unused(&self.pool, &self.slot).await? {
            slots::disconnect(&self.pool, &self.slot).await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// A login that may not replicate is refused like any other; who it is tells why.
    async fn unreachable(&self, reason: String) -> ReplicationError {
        match server::may_replicate(&self.pool).await {
            Ok(false) => ReplicationError::Denied(reason),
            _ => ReplicationError::Exchange(ExchangeError::Unreachable(reason)),
        }
    }
}

async fn in_time<T>(command: impl Future<Output = Result<T, ExchangeError>>) -> Result<T, ReplicationError> {
    Ok(timeout(COMMAND, command)
        .await
        .map_err(|_| ReplicationError::Silent)??)
}
