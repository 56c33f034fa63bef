//! How a stream is doing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

/// Whether there is a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Not yet, or not at the moment; with a slot that outlives the connection nothing is lost meanwhile.
    Connecting,
    /// Everything committed from now on will be told, or a gap.
    Streaming,
    /// Not until the operator changes something, which the text says.
    Unavailable(Arc<str>),
}

/// How far a stream is behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lag {
    /// Bytes of the log that are written and not confirmed yet; looked at every few seconds.
    pub bytes: u64,
    /// Time from the last transaction's commit until the reader took it.
    pub time: Duration,
}

#[derive(Debug, Default)]
struct Numbers {
    bytes: AtomicU64,
    sent_after: AtomicU64,
    waited: AtomicU64,
}

/// Sees a stream's state; cheap to clone.
#[derive(Debug, Clone)]
pub struct StatusWatch {
    state: watch::Receiver<State>,
    numbers: Arc<Numbers>,
}

#[derive(Debug, Clone)]
pub(crate) struct StatusSender {
    state: watch::Sender<State>,
    numbers: Arc<Numbers>,
}

pub(crate) fn status() -> (StatusSender, StatusWatch) {
    let (sender, receiver) = watch::channel(State::Connecting);
    let numbers = Arc::new(Numbers::default());
    let status = StatusSender {
        state: sender,
        numbers: Arc::clone(&numbers),
    };
    let watch = StatusWatch {
        state: receiver,
        numbers,
    };
    (status, watch)
}

impl StatusSender {
    /// Tells a change of state. Returns whether it is one.
    pub(crate) fn set(&self, state: State) -> bool {
        self.state.send_if_modified(|old| {
            let is_new = *old != state;
            *old = state;
            is_new
        })
    }

    pub(crate) fn lag(&self, bytes: u64) {
        self.numbers.bytes.store(bytes, Ordering::Relaxed);
    }

    /// Time from commit to sending, by the server's clock.
    pub(crate) fn sent_after(&self, microseconds: i64) {
        let microseconds = u64::try_from(microseconds).unwrap_or(0);
        self.numbers.sent_after.store(microseconds, Ordering::Relaxed);
    }

    /// Time in the queue.
    pub(crate) fn waited(&self, time: Duration) {
        let microseconds = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.numbers.waited.store(microseconds, Ordering::Relaxed);
    }
}

impl StatusWatch {
    /// The state now.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Waits until the stream is going, or cannot without an operator. False when it has ended for good.
    pub async fn settled(&mut self) -> bool {
        self.state
            .wait_for(|state| *state != State::Connecting)
            .await
            .is_ok()
    }

    /// Waits for a change of state. False when the stream has ended for good.
    pub async fn changed(&mut self) -> bool {
        self.state.changed().await.is_ok()
    }

    /// How far it is behind.
    pub fn lag(&self) -> Lag {
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let time = load(&self.numbers.sent_after).saturating_add(load(&self.numbers.waited));
        Lag {
            bytes: load(&self.numbers.bytes),
            time: Duration::from_micros(time),
        }
    }
}
