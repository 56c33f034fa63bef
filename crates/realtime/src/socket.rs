//! The life of one socket: one task that reads, acts and writes.
//!
//! Between messages it owns no buffer: bytes are read into the stack of a function, and frames come from the queue as they were
//! made for everybody.

use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use futures_util::StreamExt as _;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

use crate::meters::dropped;
use crate::wire::outbox::End;
use crate::wire::websocket::{Decoder, Incoming, Violation, close, pong};

mod changes;
mod channel;
mod joining;
mod presence;
mod pushes;
mod session;
mod token;

pub(crate) use session::Session;

/// Bytes that are read at once.
const READ: usize = 16 * 1024;

/// Reads in a row before others have their turn.
const READS: usize = 4;

/// Frames that are written at once.
const WRITE: usize = 64;

/// Time for a client to take what was queued before the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// What is on its way out of a socket.
#[derive(Debug)]
struct Line {
    stream: TcpStream,
    decoder: Decoder,
    pending: VecDeque<Bytes>,
}

/// The other end is gone.
struct Gone;

/// Serves a socket until it ends. `first` came with the handshake.
pub(crate) async fn run(stream: TcpStream, first: Bytes, mut session: Session) {
    let mut line = Line {
        stream,
        decoder: Decoder::new(session.message_limit()),
        pending: VecDeque::new(),
    };
    line.decoder.feed(&first);
    // A piece of the handshake's buffer, which goes with it.
    drop(first);
    session.begin();
    if let Ok(end) = serve(&mut line, &mut session).await {
        session.end();
        if let End::Close(code) = end {
            line.pending.push_back(close(code));
            let _ = timeout(FAREWELL, line.farewell()).await;
        }
    } else {
        session.end();
    }
}

async fn serve(line: &mut Line, session: &mut Session) -> Result<End, Gone> {
    let mut timer = std::pin::pin!(sleep_until(session.wake_at()));
    loop {
        if let Some(end) = line.read(session)? {
            session.outbox().close(end);
        }
        let taken = session.outbox().take();
        for order in taken.orders {
            session.obey(&order);
        }
        if taken.end == Some(End::SlowReader) {
            dropped("slow_reader", 1);
            return Ok(End::SlowReader);
        }
        line.pending.extend(taken.frames);
        line.write(session)?;
        if let Some(end) = taken.end {
            return Ok(end);
        }
        if session.wake_at() < timer.deadline() {
            timer.as_mut().reset(session.wake_at());
        }
        let interest = if line.pending.is_empty() {
            Interest::READABLE
        } else {
            Interest::READABLE | Interest::WRITABLE
        };
        tokio::select! {
            () = session.woken() => {}
            ready = line.stream.ready(interest) => { ready.map_err(|_| Gone)?; }
            Some(done) = session.jobs.next(), if !session.jobs.is_empty() => session.done(done),
            () = &mut timer => {
                session.tick(Instant::now());
                timer.as_mut().reset(session.wake_at());
            }
        }
    }
}

impl Line {
    /// Acts on everything that has arrived; the code to close with, if that is the end.
    fn read(&mut self, session: &mut Session) -> Result<Option<u16>, Gone> {
        let mut chunk = [0; READ];
        for _ in 0..READS {
            loop {
                match self.decoder.next() {
                    Ok(None) => break,
                    Ok(Some(Incoming::Close)) => return Ok(Some(1000)),
                    Ok(Some(Incoming::Ping(payload))) => {
                        session.heard(payload.len());
                        session.outbox().push(pong(&payload));
                    }
                    Ok(Some(Incoming::Pong)) => session.heard(0),
                    Ok(Some(Incoming::Text(text))) => session.text(&text),
                    Ok(Some(Incoming::Binary(binary))) => session.binary(&binary),
                    Err(violation) => {
                        let reason = match violation {
                            Violation::TooLarge => "oversized",
                            Violation::Protocol => "protocol",
                        };
                        dropped(reason, 1);
                        return Ok(Some(violation.code()));
                    }
                }
            }
            match self.stream.try_read(&mut chunk) {
                Ok(0) => return Err(Gone),
                Ok(count) => self.decoder.feed(chunk.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(_) => return Err(Gone),
            }
        }
        Ok(None)
    }

    /// Writes what the client takes.
    fn write(&mut self, session: &Session) -> Result<(), Gone> {
        let (mut frames, mut bytes) = (0, 0);
        while !self.pending.is_empty() {
            match self.write_some() {
                Ok((more_frames, more_bytes)) => {
                    frames += more_frames;
                    bytes += more_bytes;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return Err(Gone),
            }
        }
        if bytes > 0 {
            session.outbox().written(frames, bytes);
        }
        if self.pending.is_empty() {
            self.pending = VecDeque::new();
        }
        Ok(())
    }

    /// Frames that are out, and bytes.
    fn write_some(&mut self) -> std::io::Result<(usize, usize)> {
        let mut slices = [IoSlice::new(&[]); WRITE];
        let count = self.pending.len().min(WRITE);
        for (slice, frame) in slices.iter_mut().zip(&self.pending) {
            *slice = IoSlice::new(frame);
        }
        let written = self
            .stream
            .try_write_vectored(slices.get(..count).unwrap_or_default())?;
        let (mut left, mut frames) = (written, 0);
        while let Some(front) = self.pending.front_mut() {
            if front.len() > left {
                front.advance(left);
                break;
            }
            left -= front.len();
            frames += 1;
            self.pending.pop_front();
        }
        Ok((frames, written))
    }

    /// Writes the rest, and waits until the client closes.
    async fn farewell(&mut self) {
        while !self.pending.is_empty() {
            if self.stream.writable().await.is_err() {
                return;
            }
            match self.write_some() {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return,
                _ => {}
            }
        }
        let _ = tokio::io::AsyncWriteExt::shutdown(&mut self.stream).await;
        // Unread bytes would reset the connection, and what was written would be lost with it.
        while self.stream.readable().await.is_ok() && self.discard() {}
    }

    /// Reads and forgets; false at the end.
    fn discard(&self) -> bool {
        match self.stream.try_read(&mut [0; 4096]) {
            Ok(count) => count > 0,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }
}
