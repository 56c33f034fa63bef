//! NATS between the processes. All that share a database share one subject.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_nats::connection::State as Connection;
use async_nats::{Client, ConnectOptions};
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use super::Bus;
use crate::meters::dropped;
use crate::state::State;

/// Bytes of notes that wait for NATS at most.
const WAITING: usize = 64 << 20;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Between two signs of life.
const BEAT: Duration = Duration::from_secs(1);

/// Longest time for the last notes.
const FAREWELL: Duration = Duration::from_secs(1);

/// In front of each piece: its sender, its place among the pieces of its note, and how many these are.
const PIECE_HEAD: usize = 16;

/// Largest note that is put together again.
const LARGEST: usize = 64 << 20;

/// NATS cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("NATS cannot be reached: {0}")]
pub struct NatsError(#[source] async_nats::ConnectError);

/// Sends notes to a subject.
#[derive(Debug)]
pub struct Nats {
    notes: mpsc::UnboundedSender<Bytes>,
    /// Bytes in the queue, which bounds it.
    waiting: Arc<AtomicUsize>,
}

/// The other end, for [`Carrier::run`].
#[derive(Debug)]
pub struct Carrier {
    client: Client,
    subject: String,
    notes: mpsc::UnboundedReceiver<Bytes>,
    waiting: Arc<AtomicUsize>,
}

impl Nats {
    /// Connects to the servers of a comma-separated list. That none answers is an error now, and later a reason to try again.
    pub async fn connect(servers: &str, subject: &str) -> Result<(Self, Carrier), NatsError> {
        let servers: Vec<&str> = servers.split(',').map(str::trim).collect();
        let client = ConnectOptions::new()
            .name("ferrobase")
            .no_echo()
            .connection_timeout(CONNECT)
            .connect(servers.as_slice())
            .await
            .map_err(NatsError)?;
        let (sender, notes) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let carrier = Carrier {
            client,
            subject: subject.to_owned(),
            notes,
            waiting: Arc::clone(&waiting),
        };
        let bus = Self {
            notes: sender,
            waiting,
        };
        Ok((bus, carrier))
    }
}

impl Bus for Nats {
    fn publish(&self, note: Bytes) {
        let length = note.len();
        let before = self.waiting.fetch_add(length, Ordering::Relaxed);
        if before.saturating_add(length) > WAITING || self.notes.send(note).is_err() {
            self.waiting.fetch_sub(length, Ordering::Relaxed);
            dropped("bus_full", 1);
        }
    }
}

impl Carrier {
    /// Carries notes in both directions, until `ended` resolves.
    pub async fn run(mut self, state: State, ended: impl Future<Output = ()> + Send) {
        let mut ended = std::pin::pin!(ended);
        let mut incoming = match self.client.subscribe(self.subject.clone()).await {
            Ok(incoming) => incoming,
            Err(error) => {
                tracing::error!(%error, "other processes are not heard");
                return;
            }
        };
        let sender = state.hub().node();
        let mut pieces = Pieces::default();
        let mut beats = tokio::time::interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        state.hub().say_hello();
        loop {
            tokio::select! {
                () = &mut ended => break,
                Some(message) = incoming.next() => {
                    if let Some(note) = pieces.take(&message.payload) {
                        state.hub().hear(&note, Instant::now());
                    }
                }
                Some(note) = self.notes.recv() => self.send(sender, note).await,
                _ = beats.tick() => {
                    for silent in state.hub().beat(Instant::now()) {
                        pieces.forget(silent);
                    }
                }
            }
        }
        state.hub().say_gone();
        self.notes.close();
        let last = async {
            while let Some(note) = self.notes.recv().await {
                self.send(sender, note).await;
            }
            let _ = self.client.flush().await;
        };
        let _ = tokio::time::timeout(FAREWELL, last).await;
    }

    /// Sends a note, in pieces where the server takes none so large.
    async fn send(&self, sender: u64, note: Bytes) {
        self.waiting.fetch_sub(note.len(), Ordering::Relaxed);
        // The client would keep it for later, and then have us wait: what is told late is not wanted any more.
        if self.client.connection_state() != Connection::Connected {
            dropped("bus_unreachable", 1);
            return;
        }
        let most = self.client.server_info().max_payload;
        let most = most.saturating_sub(PIECE_HEAD).max(1);
        for piece in cut(sender, &note, most) {
            if self.client.publish(self.subject.clone(), piece).await.is_err() {
                dropped("bus_unreachable", 1);
                return;
            }
        }
    }
}

/// A note in pieces of so many bytes at most, without their heads.
fn cut(sender: u64, note: &Bytes, most: usize) -> impl Iterator<Item = Bytes> + use<> {
    let count = u32::try_from(note.len().div_ceil(most).max(1)).unwrap_or(u32::MAX);
    let mut rest = note.clone();
    (0..count).map(move |index| {
        let part = rest.split_to(most.min(rest.len()));
        let mut piece = BytesMut::with_capacity(PIECE_HEAD + part.len());
        piece.put_u64(sender);
        piece.put_u32(index);
        piece.put_u32(count);
        piece.put_slice(&part);
        piece.freeze()
    })
}

/// Notes whose last piece has not come yet, by sender: a sender sends one after the other.
#[derive(Debug, Default)]
struct Pieces(HashMap<u64, Begun>);

#[derive(Debug, Default)]
struct Begun {
    next: u32,
    bytes: BytesMut,
}

impl Pieces {
    /// Takes a piece; the note, if it is the last one. What has a hole is no note.
    fn take(&mut self, piece: &Bytes) -> Option<Bytes> {
        let mut head = piece.get(..PIECE_HEAD)?;
        let (sender, index, count) = (head.get_u64(), head.get_u32(), head.get_u32());
        let part = piece.slice(PIECE_HEAD..);
        if index == 0 {
            if count == 1 {
                return Some(part);
            }
            self.0.insert(sender, Begun::default());
        }
        let begun = self.0.get_mut(&sender)?;
        if begun.next != index || begun.bytes.len() + part.len() > LARGEST {
            self.0.remove(&sender);
            dropped("bus_hole", 1);
            return None;
        }
        begun.next += 1;
        begun.bytes.extend_from_slice(&part);
        if begun.next < count {
            return None;
        }
        self.0.remove(&sender).map(|whole| whole.bytes.freeze())
    }

    fn forget(&mut self, sender: u64) {
        self.0.remove(&sender);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_notes_again() {
        let mut pieces = Pieces::default();
        for length in [0, 1, 9, 10, 11, 20, 95] {
            let note: Bytes = (0..length).map(|byte| u8::try_from(byte).unwrap_or(0)).collect();
            let (mut ours, mut theirs) = (cut(1, &note, 10), cut(2, &note, 7));
            let mut whole = Vec::new();
            // Two senders at once do not disturb each other.
            loop {
                let (mine, other) = (ours.next(), theirs.next());
                if mine.is_none() && other.is_none() {
                    break;
                }
                whole.extend([mine, other].into_iter().flatten().filter_map(|piece| {
                    assert!(piece.len() <= 10 + PIECE_HEAD);
                    pieces.take(&piece)
                }));
            }
            assert_eq!(whole, [note.clone(), note], "{length}");
        }
        assert!(pieces.take(&Bytes::from_static(b"short")).is_none());
        let note = Bytes::from_static(b"0123456789");
        let with_hole: Vec<Bytes> = cut(1, &note, 3).collect();
        let taken = [0, 1, 3].map(|index| pieces.take(&with_hole[index]));
        assert_eq!(taken, [None, None, None]);
        assert!(pieces.0.is_empty());
    }
}
