//! Small reads that travel together.
//!
//! Requests of one role that are under way at the same time share a connection, each with a `Sync` and so with a
//! transaction and an error of its own. One write carries all of them, and the server wakes once for all instead of once
//! for each; on a busy machine that is a third of a small read's cost. A connection answers in order, so a statement
//! travels only after it has shown that it is quick, and whoever is held up all the same is sent again on its own:
//! what travels must be a read that can be repeated.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::columns::ResultColumn;
use super::error::ExchangeError;
use super::exchange::{Exchange, Sent};
use super::pool::{Inner, Lease, RequestPool};
use super::reply::{Piece, Reply};

/// Most requests of one journey.
const TOGETHER: usize = 16;

/// Most requests that wait for the next one; more go alone.
const WAITING: usize = 64;

/// After this time of waiting for one answer, the others do not wait for it any longer.
const LATE: Duration = Duration::from_millis(20);

/// Statements that take longer on average go alone.
const QUICK: Duration = Duration::from_millis(5);

/// So many times a statement goes alone first.
const TRIALS: u32 = 2;

/// Answers that are larger go alone, in bytes.
const SMALL: usize = 256 * 1024;

/// Most statements whose pace is remembered, and most roles that travel.
const STATEMENTS: usize = 4096;
const ROLES: usize = 64;

/// A connection is filled to this before a second one is used.
const COMFORTABLE: usize = 4;

/// The lanes of a pool, and what is known of its statements.
#[derive(Default)]
pub(crate) struct Lanes {
    by_role: Mutex<HashMap<Arc<str>, Vec<Lane>>>,
    paces: Mutex<HashMap<u64, Pace>>,
    hasher: std::hash::RandomState,
}

#[derive(Clone)]
struct Lane {
    jobs: mpsc::Sender<Job>,
    load: Arc<Load>,
}

#[derive(Default)]
struct Load {
    under_way: AtomicUsize,
    /// Somebody holds the others up.
    is_stuck: AtomicBool,
}

/// How quick a statement is.
#[derive(Clone, Copy, Default)]
struct Pace {
    times: u32,
    /// Moving mean, in seconds.
    mean: f32,
}

struct Job {
    exchange: Box<Exchange<'static>>,
    answer: oneshot::Sender<Outcome>,
    pace: u64,
}

/// What became of a job.
enum Outcome {
    Rows(Rows),
    Failed(ExchangeError),
    /// It is to be sent on a connection of its own.
    Alone(Box<Exchange<'static>>),
}

/// An answer.
struct Rows {
    pieces: VecDeque<Piece>,
    columns: Option<Arc<[ResultColumn]>>,
    has_iso_dates: bool,
}

/// A job that was sent.
struct Traveller {
    job: Option<Job>,
    sent: Sent,
}

impl RequestPool {
    /// Like [`RequestPool::send`], for reads that may be repeated: a quick one shares a connection with others.
    pub async fn send_shared(&self, exchange: Exchange<'static>) -> Result<Reply, ExchangeError> {
        let lanes = &self.0.lanes;
        let pace = lanes.hasher.hash_one(&exchange.main.sql);
        let lane = if self.can_share() && lanes.is_quick(pace) {
            lanes.pick(&self.0, &exchange.role)
        } else {
            None
        };
        let Some(lane) = lane else {
            return self.send_measured(&exchange, pace).await;
        };
        let (answer, outcome) = oneshot::channel();
        lane.load.under_way.fetch_add(1, Ordering::Relaxed);
        let job = Job {
            exchange: Box::new(exchange),
            answer,
            pace,
        };
        if let Err(error) = lane.jobs.try_send(job) {
            lane.load.under_way.fetch_sub(1, Ordering::Relaxed);
            return self.send(&error.into_inner().exchange).await;
        }
        match outcome.await {
            Ok(Outcome::Rows(rows)) => {
                let reply = Reply::complete(Lease::empty(self), rows.pieces, rows.columns);
                Ok(reply.dated(rows.has_iso_dates))
            }
            Ok(Outcome::Failed(error)) => Err(error),
            Ok(Outcome::Alone(exchange)) => self.send(&exchange).await,
            Err(_) => Err(ExchangeError::Lost("the pool has ended".to_owned())),
        }
    }

    async fn send_measured(&self, exchange: &Exchange<'_>, pace: u64) -> Result<Reply, ExchangeError> {
        let (reply, took) = self.send_timed(exchange).await?;
        let took = if reply.is_large(SMALL) { QUICK * 10 } else { took };
        self.0.lanes.record(pace, took);
        Ok(reply)
    }
}

impl Lanes {
    fn is_quick(&self, pace: u64) -> bool {
        let paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        paces
            .get(&pace)
            .is_some_and(|pace| pace.times >= TRIALS && pace.mean < QUICK.as_secs_f32())
    }

    fn record(&self, pace: u64, took: Duration) {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        if paces.len() >= STATEMENTS && !paces.contains_key(&pace) {
            paces.clear();
        }
        let pace = paces.entry(pace).or_default();
        // The first time includes the server's planning.
        let weight = if pace.times < TRIALS { 0.75 } else { 0.125 };
        pace.mean += (took.as_secs_f32() - pace.mean) * weight;
        pace.times = pace.times.saturating_add(1);
    }

    /// The emptiest lane of a role; none if all of them are held up.
    fn pick(&self, pool: &Arc<Inner>, role: &str) -> Option<Lane> {
        let mut by_role = self.by_role.lock().unwrap_or_else(PoisonError::into_inner);
        if !by_role.contains_key(role) {
            if by_role.len() >= ROLES {
                by_role.clear();
            }
            by_role.insert(role.into(), Vec::new());
        }
        let (role, lanes) = by_role.get_key_value(role)?;
        let best = lanes
            .iter()
            .filter(|lane| !lane.load.is_stuck.load(Ordering::Relaxed))
            .min_by_key(|lane| lane.load.under_way.load(Ordering::Relaxed));
        let is_comfortable =
            best.is_some_and(|lane| lane.load.under_way.load(Ordering::Relaxed) < COMFORTABLE);
        if is_comfortable || lanes.len() >= pool.lanes_per_role() {
            return best.cloned();
        }
        let (lane, role) = (Lane::open(pool, Arc::clone(role)), Arc::clone(role));
        by_role.get_mut(&role)?.push(lane.clone());
        Some(lane)
    }
}

impl Lane {
    /// A lane lives as long as its pool; its connection it borrows for each journey.
    fn open(pool: &Arc<Inner>, role: Arc<str>) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let load = Arc::new(Load::default());
        let driver = Driver {
            pool: Arc::downgrade(pool),
            role,
            waiting,
            load: Arc::clone(&load),
        };
        tokio::spawn(driver.run());
        Self { jobs, load }
    }
}

struct Driver {
    pool: Weak<Inner>,
    role: Arc<str>,
    waiting: mpsc::Receiver<Job>,
    load: Arc<Load>,
}

impl Driver {
    async fn run(mut self) {
        let mut jobs = Vec::with_capacity(TOGETHER);
        loop {
            let count = self.waiting.recv_many(&mut jobs, TOGETHER).await;
            let Some(pool) = self.pool.upgrade() else { return };
            if count == 0 {
                return;
            }
            self.travel(&RequestPool::from(pool), &mut jobs).await;
            self.load.under_way.fetch_sub(count, Ordering::Relaxed);
            self.load.is_stuck.store(false, Ordering::Relaxed);
        }
    }

    /// One write, and the answers in order.
    async fn travel(&mut self, pool: &RequestPool, jobs: &mut Vec<Job>) {
        let mut lease = match pool.lease(&self.role).await {
            Ok(lease) => lease,
            Err(error) => {
                for job in jobs.drain(..) {
                    job.end(Outcome::Failed(error.clone()));
                }
                return;
            }
        };
        let mut travellers = VecDeque::with_capacity(jobs.len());
        for job in jobs.drain(..).filter(|job| !job.answer.is_closed()) {
            match lease.write(&job.exchange) {
                Ok(sent) => travellers.push_back(Traveller { job: Some(job), sent }),
                Err(error) => job.end(Outcome::Failed(error)),
            }
        }
        let is_sent = lease.flush().await.is_ok();
        let mut begun = Instant::now();
        while let Some(traveller) = travellers.pop_front() {
            // What was not sent to its end, or whose connection broke, may have been nobody's fault.
            if !is_sent || lease.is_lost() {
                traveller.go_alone();
                continue;
            }
            let arrival = self.receive(pool, lease, traveller, &mut travellers).await;
            lease = arrival.lease;
            if let Some(job) = arrival.job {
                pool.0.lanes.record(job.pace, begun.elapsed());
                job.end_with(arrival.result, arrival.was_cancelled);
            }
            begun = Instant::now();
        }
    }

    async fn receive(
        &mut self,
        pool: &RequestPool,
        lease: Lease,
        mut traveller: Traveller,
        others: &mut VecDeque<Traveller>,
    ) -> Arrival {
        let mut reply = Reply::new(lease, traveller.sent, SMALL);
        let mut rows = Some(VecDeque::new());
        let mut size = 0;
        let (mut is_late, mut was_cancelled) = (false, false);
        let result = loop {
            tokio::select! {
                biased;
                piece = reply.next() => match piece {
                    Ok(Some(piece)) => {
                        size += piece.size();
                        match &mut rows {
                            Some(rows) if size <= SMALL => rows.push_back(piece),
                            _ => rows = None,
                        }
                    }
                    Ok(None) => break Ok(rows),
                    Err(error) => break Err(error),
                },
                () = sleep(LATE), if !is_late => {
                    is_late = true;
                    self.load.is_stuck.store(true, Ordering::Relaxed);
                    others.iter_mut().for_each(Traveller::send_alone);
                    while let Ok(job) = self.waiting.try_recv() {
                        self.load.under_way.fetch_sub(1, Ordering::Relaxed);
                        job.go_alone();
                    }
                }
                () = abandoned(&mut traveller.job), if is_late && !was_cancelled => {
                    was_cancelled = true;
                    reply.cancel(pool).await;
                }
            }
        };
        let result = result.map(|rows| {
            rows.map(|pieces| Rows {
                pieces,
                columns: reply.columns(),
                has_iso_dates: reply.has_iso_dates(),
            })
        });
        let mut lease = reply.into_lease();
        if matches!(&result, Err(ExchangeError::Server(error)) if error.is_stale_statement()) {
            lease.forget_statements();
        }
        Arrival {
            lease,
            job: traveller.job,
            result,
            was_cancelled,
        }
    }
}

struct Arrival {
    lease: Lease,
    job: Option<Job>,
    /// `None` = the rows were too large to be kept.
    result: Result<Option<Rows>, ExchangeError>,
    was_cancelled: bool,
}

/// Waits until nobody waits for a job.
async fn abandoned(job: &mut Option<Job>) {
    if let Some(job) = job {
        job.answer.closed().await;
    }
}

impl Traveller {
    fn send_alone(&mut self) {
        if let Some(job) = self.job.take() {
            job.go_alone();
        }
    }

    fn go_alone(mut self) {
        self.send_alone();
    }
}

impl Job {
    fn end(self, outcome: Outcome) {
        // Nobody waits any more: that is fine.
        let _ = self.answer.send(outcome);
    }

    fn go_alone(self) {
        let _ = self.answer.send(Outcome::Alone(self.exchange));
    }

    fn end_with(self, result: Result<Option<Rows>, ExchangeError>, was_cancelled: bool) {
        match result {
            Ok(Some(rows)) => self.end(Outcome::Rows(rows)),
            Ok(None) | Err(ExchangeError::Lost(_)) => self.go_alone(),
            // A cancellation that was meant for the one before may hit the next.
            Err(ExchangeError::Server(error))
                if error.is_stale_statement()
                    || error.is_fatal()
                    || (error.is_cancellation() && !was_cancelled) =>
            {
                self.go_alone();
            }
            Err(error) => self.end(Outcome::Failed(error)),
        }
    }
}
