//! One connection's stream, until it ends.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ferrobase_db::{ReplicationConnection, ReplicationFrame, Standby};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use crate::error::ReplicationError;
use crate::event::{Change, ChangeKind, Event, LogicalMessage, OldRow, Transaction};
use crate::lsn::Lsn;
use crate::pgoutput::{DecodeError, Message, Old, Relation, Row, decode};
use crate::queue::Outbox;
use crate::status::StatusSender;
use crate::transaction::Progress;

/// How often the server is told what was read, if there is news.
const CONFIRM: Duration = Duration::from_secs(1);

/// A server that says nothing for so long is asked to answer.
const ASK: Duration = Duration::from_secs(10);

/// A server that says nothing for so long is given up.
const SILENCE: Duration = Duration::from_secs(30);

pub(crate) struct Session<'a> {
    connection: ReplicationConnection,
    outbox: &'a Outbox,
    progress: &'a mut Progress,
    status: &'a StatusSender,
    relations: HashMap<u32, Arc<Relation>>,
    transaction: Option<Transaction>,
    ticks: Interval,
    heard: Instant,
    told: Lsn,
    told_at: Instant,
    /// How long the reader may take nothing.
    patience: Option<Duration>,
}

impl<'a> Session<'a> {
    /// A stream that has begun on this connection.
    pub(crate) fn new(
        connection: ReplicationConnection,
        outbox: &'a Outbox,
        progress: &'a mut Progress,
        status: &'a StatusSender,
        patience: Option<Duration>,
    ) -> Self {
        let mut ticks = interval(CONFIRM);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        progress.reconnected();
        Self {
            connection,
            outbox,
            status,
            told: Lsn(0),
            progress,
            relations: HashMap::new(),
            transaction: None,
            ticks,
            heard: Instant::now(),
            told_at: Instant::now(),
            patience,
        }
    }

    /// Passes on what comes.
    pub(crate) async fn run(&mut self) -> Result<Infallible, ReplicationError> {
        loop {
            let frame = tokio::select! {
                biased;
                frame = self.connection.next() => Some(frame?),
                _ = self.ticks.tick() => None,
            };
            let Some(frame) = frame else {
                self.tick(true).await?;
                continue;
            };
            self.heard = Instant::now();
            match frame {
                ReplicationFrame::KeepAlive {
                    wal_end, wants_reply, ..
                } => {
                    self.progress.sent_until(Lsn(wal_end));
                    if wants_reply {
                        self.confirm(false).await?;
                    }
                }
                ReplicationFrame::Data {
                    payload,
                    is_cut,
                    sent_at,
                    ..
                } => self.take(payload, is_cut, sent_at).await?,
            }
            // A busy stream leaves no room for the ticks.
            if self.told_at.elapsed() >= CONFIRM {
                self.tick(true).await?;
            }
        }
    }

    async fn tick(&mut self, listens: bool) -> Result<(), ReplicationError> {
        let silence = self.heard.elapsed();
        if listens && silence >= SILENCE {
            return Err(ReplicationError::Silent);
        }
        let asks = listens && silence >= ASK;
        // The server ends connections that say nothing for `wal_sender_timeout`.
        if asks || self.progress.confirmed() != self.told || self.told_at.elapsed() >= ASK {
            self.confirm(asks).await?;
        }
        Ok(())
    }

    async fn confirm(&mut self, wants_reply: bool) -> Result<(), ReplicationError> {
        let flushed = self.progress.confirmed();
        self.connection
            .confirm(Standby {
                flushed: flushed.0,
                wants_reply,
            })
            .await?;
        self.told = flushed;
        self.told_at = Instant::now();
        Ok(())
    }

    async fn take(&mut self, payload: Bytes, is_cut: bool, sent_at: i64) -> Result<(), ReplicationError> {
        match decode(payload, is_cut)? {
            Message::Begin {
                commit,
                commit_time,
                xid,
            } => {
                let transaction = Transaction {
                    xid,
                    commit,
                    commit_time,
                };
                self.status.sent_after(sent_at - commit_time);
                self.transaction = Some(transaction);
                self.progress.begin(commit);
                self.tell(Event::Begin(transaction)).await
            }
            Message::Commit { end } => {
                if let Some(transaction) = self.transaction.take() {
                    self.tell(Event::Commit(transaction)).await?;
                }
                self.progress.end(end);
                Ok(())
            }
            Message::Relation(relation) => {
                self.relations.insert(relation.oid, Arc::new(relation));
                Ok(())
            }
            Message::Insert { oid, new } => {
                self.change(ChangeKind::Insert, oid, None, Some(new), is_cut)
                    .await
            }
            Message::Update { oid, old, new } => {
                self.change(ChangeKind::Update, oid, old, Some(new), is_cut).await
            }
            Message::Delete { oid, old } => {
                self.change(ChangeKind::Delete, oid, Some(old), None, is_cut)
                    .await
            }
            Message::Truncate { oids } => {
                let relations = oids
                    .into_iter()
                    .map(|oid| self.relation(oid))
                    .collect::<Result<_, _>>()?;
                self.tell(Event::Truncate(relations)).await
            }
            Message::Logical {
                is_transactional,
                prefix,
                content,
            } => {
                let message = Event::Message(LogicalMessage { prefix, content });
                if is_transactional {
                    self.tell(message).await
                } else {
                    // Outside of transactions, possibly again after a lost connection.
                    self.queue(message).await
                }
            }
            Message::Origin | Message::Type => Ok(()),
        }
    }

    async fn change(
        &mut self,
        kind: ChangeKind,
        oid: u32,
        old: Option<Old>,
        new: Option<Row>,
        is_cut: bool,
    ) -> Result<(), ReplicationError> {
        let relation = self.relation(oid)?;
        let transaction = self
            .transaction
            .ok_or(DecodeError::Malformed("place: no transaction is open"))?;
        let fits = |row: &Row| row.len() == relation.columns.len() || (is_cut && row.is_empty());
        let old = old.map(|old| match old {
            Old::Key(row) => OldRow {
                row,
                is_complete: false,
            },
            Old::Full(row) => OldRow {
                row,
                is_complete: true,
            },
        });
        if !old.as_ref().is_none_or(|old| fits(&old.row)) || !new.as_ref().is_none_or(fits) {
            return Err(DecodeError::Malformed("count of values").into());
        }
        let change = Change {
            transaction,
            relation,
            kind,
            old,
            new,
            is_cut,
        };
        self.tell(Event::Change(change)).await
    }

    fn relation(&self, oid: u32) -> Result<Arc<Relation>, DecodeError> {
        self.relations
            .get(&oid)
            .cloned()
            .ok_or(DecodeError::UnknownRelation(oid))
    }

    /// Tells an event of the open transaction, unless the reader has it.
    async fn tell(&mut self, event: Event) -> Result<(), ReplicationError> {
        if !self.progress.is_new() {
            return Ok(());
        }
        self.queue(event).await?;
        self.progress.told();
        Ok(())
    }

    /// Waits for room in the queue; the server hears from us meanwhile.
    async fn queue(&mut self, event: Event) -> Result<(), ReplicationError> {
        let outbox = self.outbox;
        let blocked = Instant::now();
        let place = outbox.place(event.size());
        tokio::pin!(place);
        loop {
            tokio::select! {
                biased;
                place = &mut place => {
                    place?.put(event);
                    return Ok(());
                }
                _ = self.ticks.tick() => {
                    if self.patience.is_some_and(|patience| blocked.elapsed() > patience) {
                        return Err(ReplicationError::Blocked);
                    }
                    self.tick(false).await?;
                }
            }
        }
    }
}
