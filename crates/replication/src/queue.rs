//! The queue between a stream and its reader, bounded by count and by bytes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::error::ReplicationError;
use crate::event::Event;
use crate::status::StatusSender;

/// Most events.
const MOST: usize = 4096;

/// The unit in which bytes are counted.
const UNIT: usize = 1024;

#[derive(Debug)]
struct Queued {
    event: Event,
    since: Instant,
    _share: OwnedSemaphorePermit,
}

/// The stream's side.
#[derive(Debug)]
pub(crate) struct Outbox {
    events: mpsc::Sender<Queued>,
    budget: Arc<Semaphore>,
    units: usize,
}

/// The events of a stream. There is one reader.
pub struct Events {
    incoming: mpsc::Receiver<Queued>,
    taken: Vec<Queued>,
    status: StatusSender,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}

/// A queue that holds about `bytes`; an event that is larger than that passes alone.
pub(crate) fn queue(bytes: usize, status: StatusSender) -> (Outbox, Events) {
    let (sender, receiver) = mpsc::channel(MOST);
    let units = (bytes / UNIT).max(1);
    let outbox = Outbox {
        events: sender,
        budget: Arc::new(Semaphore::new(units)),
        units,
    };
    let events = Events {
        incoming: receiver,
        taken: Vec::new(),
        status,
    };
    (outbox, events)
}

/// A place in the queue.
pub(crate) struct Place<'a> {
    permit: mpsc::Permit<'a, Queued>,
    share: OwnedSemaphorePermit,
}

impl Outbox {
    /// Waits for a place for an event of `size` bytes.
    pub(crate) async fn place(&self, size: usize) -> Result<Place<'_>, ReplicationError> {
        let units = (size / UNIT + 1).min(self.units);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let share = Arc::clone(&self.budget)
            .acquire_many_owned(units)
            .await
            .map_err(|_| ReplicationError::Unread)?;
        let permit = self
            .events
            .reserve()
            .await
            .map_err(|_| ReplicationError::Unread)?;
        Ok(Place { permit, share })
    }

    /// Queues an event that has no place reserved.
    pub(crate) async fn put(&self, event: Event) -> Result<(), ReplicationError> {
        self.place(event.size()).await?.put(event);
        Ok(())
    }
}

impl Place<'_> {
    pub(crate) fn put(self, event: Event) {
        self.permit.send(Queued {
            event,
            since: Instant::now(),
            _share: self.share,
        });
    }
}

impl Events {
    /// The next event; `None` when the stream has ended. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Event> {
        let queued = self.incoming.recv().await?;
        self.status.waited(queued.since.elapsed());
        Some(queued.event)
    }

    /// Waits for an event, and takes all that are there, at most `most`. False when the stream has ended. Nothing is lost
    /// when the future is dropped.
    pub async fn next_many(&mut self, into: &mut Vec<Event>, most: usize) -> bool {
        if self.incoming.recv_many(&mut self.taken, most).await == 0 {
            return false;
        }
        let waited = self
            .taken
            .last()
            .map_or(Duration::ZERO, |queued| queued.since.elapsed());
        self.status.waited(waited);
        into.extend(self.taken.drain(..).map(|queued| queued.event));
        true
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::event::LogicalMessage;
    use crate::status::status;

    fn message(bytes: usize) -> Event {
        Event::Message(LogicalMessage {
            prefix: String::new(),
            content: Bytes::from(vec![0; bytes]),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn the_queue_is_bounded_by_bytes() {
        let (outbox, mut events) = queue(10_000, status().0);
        outbox.put(message(6_000)).await.unwrap();
        let second = outbox.put(message(6_000));
        let waited = tokio::time::timeout(Duration::from_secs(1), second).await;
        assert!(waited.is_err(), "both fit");
        assert!(matches!(events.next().await, Some(Event::Message(_))));
        outbox.put(message(6_000)).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_larger_than_the_queue_passes_alone() {
        let (outbox, mut events) = queue(10_000, status().0);
        outbox.put(message(1_000_000)).await.unwrap();
        let second = tokio::time::timeout(Duration::from_secs(1), outbox.put(message(1)));
        assert!(second.await.is_err());
        assert!(events.next().await.is_some());
        outbox.put(message(1)).await.unwrap();
        drop(events);
        assert!(matches!(
            outbox.put(message(1)).await,
            Err(ReplicationError::Unread)
        ));
    }
}
