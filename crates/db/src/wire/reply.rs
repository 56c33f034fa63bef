//! What comes back: rows, in order, then the end of the transaction.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use postgres_protocol::message::backend::Message;

use super::columns::{self, ResultColumn};
use super::error::{ExchangeError, ServerError};
use super::exchange::{Purpose, Sent};
use super::pool::{Lease, RequestPool};
use super::startup::DATE_STYLE;

/// A row in text format.
#[derive(Debug, Clone)]
pub struct DataRow {
    bytes: Bytes,
    /// Begin and end in `bytes`; `None` is null.
    columns: Vec<Option<(usize, usize)>>,
}

impl DataRow {
    /// `bytes` is the message's content behind the number of columns.
    fn read(bytes: Bytes, count: usize) -> io::Result<Self> {
        let mut columns = Vec::with_capacity(count);
        let mut at = 0;
        for _ in 0..count {
            let length = length_at(&bytes, at)?;
            at += 4;
            columns.push(length.map(|length| (at, at + length)));
            at += length.unwrap_or_default();
            if at > bytes.len() {
                return Err(malformed());
            }
        }
        Ok(Self { bytes, columns })
    }

    /// Number of columns.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there is no column.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// A value; `None` when it is null or there is no such column.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let (from, to) = (*self.columns.get(index)?)?;
        self.bytes.get(from..to)
    }

    /// A value as text.
    pub fn text(&self, index: usize) -> Option<&str> {
        std::str::from_utf8(self.get(index)?).ok()
    }

    /// A value without copying it.
    pub fn bytes(&self, index: usize) -> Option<Bytes> {
        let (from, to) = (*self.columns.get(index)?)?;
        Some(self.bytes.slice(from..to))
    }
}

fn length_at(bytes: &[u8], at: usize) -> io::Result<Option<usize>> {
    let mut length = bytes.get(at..at + 4).ok_or_else(malformed)?;
    Ok(usize::try_from(length.get_i32()).ok())
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a row cannot be read")
}

/// What a reply is made of.
#[derive(Debug)]
pub enum Piece {
    /// A row of the main statement.
    Row(DataRow),
    /// A row of the main statement that is too large to be held: all columns but the last; the last one follows in
    /// chunks ([`Reply::chunk`]).
    Large {
        /// The columns before the last one.
        leading: DataRow,
        /// Bytes of the last one.
        length: usize,
    },
    /// A row of the statement that runs after the main one.
    After(DataRow),
}

impl Piece {
    /// Bytes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Row(row) | Self::After(row) => row.bytes.len(),
            Self::Large { leading, length } => leading.bytes.len() + length,
        }
    }
}

/// The answer to an exchange. Dropped before its end, the query is cancelled and the transaction undone.
pub struct Reply {
    lease: Lease,
    sent: Sent,
    /// Index into the sent statements of the one that is being answered.
    position: usize,
    error: Option<ServerError>,
    is_done: bool,
    stream_above: usize,
    has_iso_dates: bool,
    /// Rows that the main statement wrote or gave.
    affected: u64,
    /// Read ahead.
    first: VecDeque<Piece>,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply")
            .field("position", &self.position)
            .field("is_done", &self.is_done)
            .finish_non_exhaustive()
    }
}

impl Reply {
    pub(crate) fn new(lease: Lease, sent: Sent, stream_above: usize) -> Self {
        let has_iso_dates = lease.has_iso_dates();
        Self {
            lease,
            sent,
            position: 0,
            error: None,
            is_done: false,
            stream_above,
            has_iso_dates,
            affected: 0,
            first: VecDeque::new(),
        }
    }

    /// Of an exchange whose rows have all come.
    pub(crate) fn complete(
        lease: Lease,
        rows: VecDeque<Piece>,
        columns: Option<Arc<[ResultColumn]>>,
    ) -> Self {
        let sent = Sent {
            columns,
            ..Sent::default()
        };
        let mut reply = Self::new(lease, sent, usize::MAX);
        reply.end_with(rows);
        reply
    }

    /// Waits for the first piece, so that a failure shows before anything was handed out.
    pub(crate) async fn read_ahead(mut self) -> Result<Self, (Lease, ExchangeError)> {
        match self.read().await {
            Ok(Some(piece)) => {
                self.first.push_back(piece);
                Ok(self)
            }
            Ok(None) => Ok(self),
            Err(error) => Err((self.lease, error)),
        }
    }

    /// Everything was read already.
    pub(crate) fn end_with(&mut self, rows: VecDeque<Piece>) {
        self.first = rows;
        self.is_done = true;
    }

    pub(crate) fn into_lease(self) -> Lease {
        self.lease
    }

    /// What the columns of the main statement's rows are, if it was asked for ([`super::Format::Described`]).
    pub fn columns(&self) -> Option<Arc<[ResultColumn]>> {
        self.sent.columns.clone()
    }

    /// How many rows the main statement wrote or gave, once its end was read.
    pub fn affected(&self) -> u64 {
        self.affected
    }

    pub(crate) fn having_affected(mut self, affected: u64) -> Self {
        self.affected = affected;
        self
    }

    /// Whether dates come in ISO 8601's order.
    pub fn has_iso_dates(&self) -> bool {
        self.has_iso_dates
    }

    pub(crate) fn dated(mut self, has_iso_dates: bool) -> Self {
        self.has_iso_dates = has_iso_dates;
        self
    }

    /// Whether what was read ahead is larger than `bytes`.
    pub(crate) fn is_large(&self, bytes: usize) -> bool {
        self.first.iter().map(Piece::size).sum::<usize>() > bytes
    }

    /// Asks the server to stop; what it answers then is read as usual.
    pub(crate) async fn cancel(&mut self, pool: &RequestPool) {
        if let Ok(session) = self.lease.session() {
            let key = (session.process_id, session.secret_key);
            if let Err(error) = pool.cancel(key).await {
                tracing::debug!(%error, "a query could not be cancelled");
            }
        }
    }

    /// The next piece; `None` at the end, when the transaction has ended well. What follows an error is only the end.
    pub async fn next(&mut self) -> Result<Option<Piece>, ExchangeError> {
        match self.first.pop_front() {
            Some(piece) => Ok(Some(piece)),
            None => self.read().await,
        }
    }

    /// The next bytes of a large value; `None` when it is complete.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ExchangeError> {
        if self.is_done {
            return Ok(None);
        }
        let framed = &mut self.lease.session()?.framed;
        if framed.rest == 0 {
            return Ok(None);
        }
        if framed.incoming.is_empty() {
            framed.incoming.reserve(64 * 1024);
            framed.read_more().await?;
        }
        let count = framed.rest.min(framed.incoming.len());
        framed.rest -= count;
        Ok(Some(framed.incoming.split_to(count).freeze()))
    }

    /// Waits for the end and ignores what is left of the rows.
    pub async fn finish(mut self) -> Result<(), ExchangeError> {
        self.first.clear();
        while self.read().await?.is_some() {}
        Ok(())
    }

    async fn read(&mut self) -> Result<Option<Piece>, ExchangeError> {
        while self.chunk().await?.is_some() {}
        while !self.is_done {
            let header = self.lease.session()?.framed.header().await?;
            if header.tag == b'D' {
                if let Some(piece) = self.row(header.length).await? {
                    return Ok(Some(piece));
                }
                continue;
            }
            let message = self.lease.session()?.framed.message().await?;
            self.take(message)?;
        }
        match self.error.take() {
            Some(error) => Err(ExchangeError::Server(Box::new(error))),
            None => Ok(None),
        }
    }

    fn take(&mut self, message: Message) -> Result<(), ExchangeError> {
        match message {
            Message::ParseComplete => {
                if let Some(name) = self.sent.parses.pop_front() {
                    self.lease.session()?.statements.confirm(&name);
                }
            }
            Message::RowDescription(body) => {
                let columns: Arc<[ResultColumn]> = columns::read(&body)?.into();
                if let Some(name) = self.sent.described.take() {
                    self.lease.session()?.statements.describe(&name, &columns);
                }
                self.sent.columns = Some(columns);
            }
            Message::ParameterStatus(body) if body.name()? == DATE_STYLE => {
                self.lease.session()?.has_iso_dates = body.value()?.starts_with("ISO");
            }
            Message::CommandComplete(body) => {
                if self.sent.purposes.get(self.position) == Some(&Purpose::Main) {
                    self.affected = affected(body.tag()?);
                }
                self.position += 1;
            }
            Message::EmptyQueryResponse => self.position += 1,
            Message::ErrorResponse(body) => {
                let error = ServerError::read(body.fields())?;
                if error.is_fatal() {
                    self.lease.session()?.is_broken = true;
                    return Err(ExchangeError::Server(Box::new(error)));
                }
                // The first one is the cause.
                self.error.get_or_insert(error);
            }
            Message::ReadyForQuery(body) => {
                let session = self.lease.session()?;
                session.state = body.status();
                session.awaited = session.awaited.saturating_sub(1);
                for name in self.sent.parses.drain(..) {
                    session.statements.withdraw(&name);
                }
                self.is_done = true;
            }
            Message::CopyInResponse(_) | Message::CopyOutResponse(_) => {
                self.lease.session()?.is_broken = true;
                return Err(ExchangeError::Unsendable("COPY is not possible here".to_owned()));
            }
            _ => {}
        }
        Ok(())
    }

    /// A row message of `length` bytes; `None` if nobody wants its rows.
    async fn row(&mut self, length: usize) -> Result<Option<Piece>, ExchangeError> {
        let purpose = self
            .sent
            .purposes
            .get(self.position)
            .copied()
            .unwrap_or(Purpose::Silent);
        let stream_above = self.stream_above;
        let framed = &mut self.lease.session()?.framed;
        framed.fill(7).await?;
        let count = usize::from((&framed.incoming[5..7]).get_u16());
        if purpose == Purpose::Main && length > stream_above && count > 0 {
            return self.large(count).await.map(Some);
        }
        framed.fill(length + 1).await?;
        let mut message = framed.incoming.split_to(length + 1).freeze();
        if purpose == Purpose::Silent {
            return Ok(None);
        }
        message.advance(7);
        let row = DataRow::read(message, count)?;
        Ok(Some(match purpose {
            Purpose::After => Piece::After(row),
            _ => Piece::Row(row),
        }))
    }

    async fn large(&mut self, count: usize) -> Result<Piece, ExchangeError> {
        let framed = &mut self.lease.session()?.framed;
        let mut end = 7;
        for _ in 1..count {
            framed.fill(end + 4).await?;
            end += 4 + length_at(&framed.incoming, end)?.unwrap_or_default();
        }
        framed.fill(end + 4).await?;
        let length = length_at(&framed.incoming, end)?.unwrap_or_default();
        let mut leading = framed.incoming.split_to(end).freeze();
        framed.incoming.advance(4);
        leading.advance(7);
        framed.rest = length;
        Ok(Piece::Large {
            leading: DataRow::read(leading, count - 1)?,
            length,
        })
    }
}

/// The number at the end of `INSERT 0 5`, `UPDATE 3` and the like.
fn affected(tag: &str) -> u64 {
    let number = tag.rsplit(' ').next();
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_tags() {
        assert_eq!(
            (affected("INSERT 0 5"), affected("DELETE 3"), affected("BEGIN")),
            (5, 3, 0)
        );
    }

    #[test]
    fn a_row_is_read_without_trusting_its_lengths() {
        let row = DataRow::read(Bytes::from_static(b"\0\0\0\x02ab\xff\xff\xff\xff\0\0\0\0"), 3);
        let row = row.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (row.text(0), row.text(1), row.text(2), row.text(3)),
            (Some("ab"), None, Some(""), None)
        );
        assert!(DataRow::read(Bytes::from_static(b"\0\0\0\x09ab"), 1).is_err());
        assert!(DataRow::read(Bytes::from_static(b"\0\0"), 1).is_err());
    }
}
