//! A connection in replication mode (PostgreSQL documentation, 55.4): plain statements first, then a stream of the log.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use tokio::time::timeout;

use super::error::{ExchangeError, ServerError};
use super::session::Framed;
use super::startup::log_in;
use super::stream::Connector;
use crate::target::Parsed;

/// Longest time for opening a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Longest message that is taken whole. Of a longer one only the head is.
const LARGEST_WHOLE: usize = 16 * 1024 * 1024;

/// What is taken of a message that is too long, in bytes.
const HEAD: usize = 256 * 1024;

/// Tags of messages that the protocol crate does not know, or that are read in parts here.
const COPY_BOTH_RESPONSE: u8 = b'W';
const COPY_DATA: u8 = b'd';
const COPY_DONE: u8 = b'c';

/// What the server sends in a stream of the log.
#[derive(Debug)]
pub enum ReplicationFrame {
    /// A message of the output plugin.
    Data {
        /// Where in the log it begins.
        start: u64,
        /// The server's clock at sending, in microseconds since 2000-01-01 UTC.
        sent_at: i64,
        /// The message.
        payload: Bytes,
        /// It was too long: `payload` is its head only.
        is_cut: bool,
    },
    /// The server tells how far it has read the log.
    KeepAlive {
        /// Everything before this position has been sent.
        wal_end: u64,
        /// The server's clock at sending, in microseconds since 2000-01-01 UTC.
        sent_at: i64,
        /// It wants to hear from us at once.
        wants_reply: bool,
    },
}

/// How far the log was read, as the server is told.
#[derive(Debug, Clone, Copy)]
pub struct Standby {
    /// Everything before this position may be forgotten.
    pub flushed: u64,
    /// Ask the server to answer.
    pub wants_reply: bool,
}

/// A connection in replication mode to one database.
pub struct ReplicationConnection {
    framed: Framed,
}

impl std::fmt::Debug for ReplicationConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReplicationConnection")
    }
}

impl ReplicationConnection {
    pub(crate) async fn open(target: &Parsed) -> Result<Self, ExchangeError> {
        let connector =
            Connector::new(target).map_err(|error| ExchangeError::Unreachable(error.to_string()))?;
        let connecting = async {
            let stream = connector
                .open()
                .await
                .map_err(|error| ExchangeError::Unreachable(error.to_string()))?;
            let mut framed = Framed::new(stream);
            log_in(&mut framed, &target.config, &[("replication", "database")]).await?;
            Ok(Self { framed })
        };
        timeout(CONNECT, connecting)
            .await
            .map_err(|_| ExchangeError::Unreachable("it does not answer".to_owned()))?
    }

    /// Runs a statement without parameters, or a replication command; its rows, as text.
    pub async fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, ExchangeError> {
        frontend::query(sql, &mut self.framed.out)?;
        self.framed.flush().await?;
        let mut rows = Vec::new();
        let mut refused = None;
        loop {
            match self.framed.message().await? {
                Message::DataRow(body) => {
                    let buffer = body.buffer();
                    let row = body
                        .ranges()
                        .map(|range| {
                            Ok(range.map(|range| String::from_utf8_lossy(&buffer[range]).into_owned()))
                        })
                        .collect()?;
                    rows.push(row);
                }
                Message::ErrorResponse(body) => {
                    let error = ServerError::read(body.fields())?;
                    if error.is_fatal() {
                        return Err(ExchangeError::Server(Box::new(error)));
                    }
                    refused = Some(error);
                }
                Message::ReadyForQuery(_) => break,
                _ => {}
            }
        }
        match refused {
            Some(error) => Err(ExchangeError::Server(Box::new(error))),
            None => Ok(rows),
        }
    }

    /// Sends a command that begins a stream, and waits until it has begun.
    pub async fn start(&mut self, command: &str) -> Result<(), ExchangeError> {
        frontend::query(command, &mut self.framed.out)?;
        self.framed.flush().await?;
        loop {
            let header = self.framed.header().await?;
            if header.tag == COPY_BOTH_RESPONSE {
                self.framed.skip(header.length + 1).await?;
                return Ok(());
            }
            if let Message::ErrorResponse(body) = self.framed.message().await? {
                return Err(ExchangeError::Server(Box::new(ServerError::read(body.fields())?)));
            }
        }
    }

    /// The next frame. Nothing is lost when the future is dropped before it is ready.
    pub async fn next(&mut self) -> Result<ReplicationFrame, ExchangeError> {
        self.skip_rest().await?;
        loop {
            let header = self.framed.header().await?;
            match header.tag {
                COPY_DATA => {
                    let body = header.length - 4;
                    let is_cut = body > LARGEST_WHOLE;
                    let taken = if is_cut { HEAD } else { body };
                    self.framed.fill(5 + taken).await?;
                    self.framed.incoming.advance(5);
                    let payload = self.framed.incoming.split_to(taken).freeze();
                    self.framed.rest = body - taken;
                    if let Some(frame) = frame(payload, is_cut)? {
                        return Ok(frame);
                    }
                    self.skip_rest().await?;
                }
                COPY_DONE => {
                    return Err(ExchangeError::Lost("the server ended the stream".to_owned()));
                }
                _ => {
                    if let Message::ErrorResponse(body) = self.framed.message().await? {
                        return Err(ExchangeError::Server(Box::new(ServerError::read(body.fields())?)));
                    }
                }
            }
        }
    }

    /// Throws away what is still to come of a message that was cut.
    async fn skip_rest(&mut self) -> Result<(), ExchangeError> {
        while self.framed.rest > 0 {
            if self.framed.incoming.is_empty() {
                self.framed.read_more().await?;
            }
            let part = self.framed.rest.min(self.framed.incoming.len());
            self.framed.incoming.advance(part);
            self.framed.rest -= part;
        }
        Ok(())
    }

    /// Tells the server how far the log was read.
    pub async fn confirm(&mut self, standby: Standby) -> Result<(), ExchangeError> {
        let out = &mut self.framed.out;
        out.put_u8(COPY_DATA);
        out.put_u32(4 + 1 + 8 * 4 + 1);
        out.put_u8(b'r');
        for _written_flushed_applied in 0..3 {
            out.put_u64(standby.flushed);
        }
        // Our clock: only shown in the server's statistics, as the time of the last answer.
        out.put_i64(0);
        out.put_u8(u8::from(standby.wants_reply));
        self.framed.flush().await?;
        Ok(())
    }
}

/// Reads a frame; `None` for a kind that is not known.
fn frame(mut bytes: Bytes, is_cut: bool) -> Result<Option<ReplicationFrame>, ExchangeError> {
    let short = |_| ExchangeError::Lost("a frame of the stream is too short".to_owned());
    match bytes.try_get_u8().map_err(short)? {
        b'w' => {
            let start = bytes.try_get_u64().map_err(short)?;
            let _wal_end = bytes.try_get_u64().map_err(short)?;
            let sent_at = bytes.try_get_i64().map_err(short)?;
            Ok(Some(ReplicationFrame::Data {
                start,
                sent_at,
                payload: bytes,
                is_cut,
            }))
        }
        b'k' => Ok(Some(ReplicationFrame::KeepAlive {
            wal_end: bytes.try_get_u64().map_err(short)?,
            sent_at: bytes.try_get_i64().map_err(short)?,
            wants_reply: bytes.try_get_u8().map_err(short)? != 0,
        })),
        _ => Ok(None),
    }
}
