//! What waits to be written to a socket.
//!
//! The policy for slow readers (§10): a queue is bounded in bytes, and a socket whose queue is full is closed. Nothing is ever
//! left out in the middle: what a client gets has no holes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

/// What a queued frame costs beside its bytes.
const COST: usize = 64;

/// The queue of one socket.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    woken: Notify,
    limit: usize,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// Bytes that are out.
    written: u64,
    orders: Vec<Order>,
    end: Option<End>,
}

/// What others tell the task of a socket to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// End a channel, with this text.
    Shutdown { channel: u64, text: &'static str },
    /// The server ends.
    Drain,
}

/// How a socket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// After what is queued, with a code.
    Close(u16),
    /// At once: the client does not read.
    SlowReader,
}

/// What the task of a socket finds.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) frames: VecDeque<Bytes>,
    pub(crate) orders: Vec<Order>,
    pub(crate) end: Option<End>,
}

impl Outbox {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            queue: Mutex::default(),
            woken: Notify::new(),
            limit,
        }
    }

    /// Queues a frame; false if it cannot, because the socket ends.
    pub(crate) fn push(&self, frame: Bytes) -> bool {
        let mut queue = self.lock();
        if queue.end.is_some() {
            return false;
        }
        let was_empty = queue.frames.is_empty();
        queue.bytes += frame.len() + COST;
        if queue.bytes > self.limit {
            queue.frames = VecDeque::new();
            queue.end = Some(End::SlowReader);
        } else {
            queue.frames.push_back(frame);
        }
        let is_over = queue.end.is_some();
        drop(queue);
        if was_empty || is_over {
            self.woken.notify_one();
        }
        !is_over
    }

    /// Tells the socket's task something.
    pub(crate) fn order(&self, order: Order) {
        let mut queue = self.lock();
        if queue.end.is_none() && !queue.orders.contains(&order) {
            queue.orders.push(order);
            drop(queue);
            self.woken.notify_one();
        }
    }

    /// Ends the socket after what is queued.
    pub(crate) fn close(&self, code: u16) {
        let mut queue = self.lock();
        queue.end.get_or_insert(End::Close(code));
        drop(queue);
        self.woken.notify_one();
    }

    /// Resolves when there may be something.
    pub(crate) async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Everything that is there. What was taken still counts until [`Self::written`].
    pub(crate) fn take(&self) -> Taken {
        let mut queue = self.lock();
        Taken {
            frames: std::mem::take(&mut queue.frames),
            orders: std::mem::take(&mut queue.orders),
            end: queue.end,
        }
    }

    /// A frame of this length is out.
    pub(crate) fn written(&self, frames: usize, bytes: usize) {
        let mut queue = self.lock();
        queue.bytes = queue.bytes.saturating_sub(bytes + frames * COST);
        queue.written += bytes as u64;
    }

    /// Whether it is more than a quarter full, and how many bytes are out: who can wait does so early, since hundreds of queues
    /// may fill at once. One that has ended needs nobody to wait for it.
    pub(crate) fn fullness(&self) -> (bool, u64) {
        let queue = self.lock();
        (queue.end.is_none() && queue.bytes > self.limit / 4, queue.written)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_ends_the_socket() {
        let outbox = Outbox::new(300);
        let frame = || Bytes::from(vec![0; 36]);
        assert!(outbox.push(frame()) && outbox.push(frame()) && outbox.push(frame()));
        // Taken is not yet written.
        assert_eq!(outbox.take().frames.len(), 3);
        assert!(!outbox.push(frame()));
        let taken = outbox.take();
        assert_eq!((taken.frames.len(), taken.end), (0, Some(End::SlowReader)));
        let outbox = Outbox::new(300);
        for _ in 0..100 {
            assert!(outbox.push(frame()));
            outbox.take();
            outbox.written(1, 36);
        }
        outbox.close(1000);
        assert!(!outbox.push(frame()));
    }
}
