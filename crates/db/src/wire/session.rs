//! One connection: messages in and out, and the statements that are prepared on it.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, BytesMut};
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::columns::ResultColumn;
use super::error::ExchangeError;
use super::stream::Stream;

/// What the buffers start with, and shrink to when a large answer made them grow.
const BUFFER: usize = 8 * 1024;

/// Largest message but rows, which are bounded by whoever takes them.
const LARGEST_MESSAGE: usize = 16 * 1024 * 1024;

/// A stream cut into messages.
pub(crate) struct Framed {
    pub(crate) stream: Stream,
    pub(crate) out: BytesMut,
    pub(crate) incoming: BytesMut,
    /// Bytes of a large value that were not taken yet: they come before the next message.
    pub(crate) rest: usize,
}

/// Tag and length (without the tag) of the next message.
#[derive(Clone, Copy)]
pub(crate) struct Header {
    pub(crate) tag: u8,
    pub(crate) length: usize,
}

impl Framed {
    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            stream,
            out: BytesMut::with_capacity(BUFFER),
            incoming: BytesMut::with_capacity(BUFFER),
            rest: 0,
        }
    }

    /// Sends everything that was written, and takes in what arrives meanwhile: a server whose answers nobody reads stops
    /// reading itself, and both would wait for ever.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        let mut sent = 0;
        poll_fn(|context| {
            loop {
                match self.poll_send(&mut sent, context) {
                    Poll::Pending => ready!(self.poll_receive(context))?,
                    done @ Poll::Ready(_) => return done,
                }
            }
        })
        .await?;
        if self.out.len() > BUFFER {
            self.out = BytesMut::with_capacity(BUFFER);
        } else {
            self.out.clear();
        }
        Ok(())
    }

    fn poll_send(&mut self, sent: &mut usize, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(&mut self.stream);
        while *sent < self.out.len() {
            match ready!(stream.as_mut().poll_write(context, &self.out[*sent..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => *sent += count,
            }
        }
        stream.poll_flush(context)
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; BUFFER];
        let mut buffer = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
        if buffer.filled().is_empty() {
            return Poll::Ready(Err(closed()));
        }
        self.incoming.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(()))
    }

    /// Waits for more bytes.
    pub(crate) async fn read_more(&mut self) -> io::Result<()> {
        if self.incoming.capacity() - self.incoming.len() < 1024 {
            self.incoming.reserve(BUFFER);
        }
        if self.stream.read_buf(&mut self.incoming).await? == 0 {
            return Err(closed());
        }
        Ok(())
    }

    /// The next message's header, which stays in the buffer.
    pub(crate) async fn header(&mut self) -> io::Result<Header> {
        while self.incoming.len() < 5 {
            self.read_more().await?;
        }
        let mut bytes = &self.incoming[..5];
        let tag = bytes.get_u8();
        let length = bytes.get_u32() as usize;
        if length < 4 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a message is shorter than its header",
            ));
        }
        Ok(Header { tag, length })
    }

    /// Waits until `count` bytes are in the buffer.
    pub(crate) async fn fill(&mut self, count: usize) -> io::Result<()> {
        if self.incoming.len() < count {
            self.incoming.reserve(count - self.incoming.len());
        }
        while self.incoming.len() < count {
            self.read_more().await?;
        }
        Ok(())
    }

    /// The next message. Not for rows, which may be large.
    pub(crate) async fn message(&mut self) -> io::Result<Message> {
        let header = self.header().await?;
        if header.length > LARGEST_MESSAGE {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a message is too large",
            ));
        }
        self.fill(header.length + 1).await?;
        Message::parse(&mut self.incoming)?
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a message is incomplete"))
    }

    /// Throws bytes away as they come.
    pub(crate) async fn skip(&mut self, mut count: usize) -> io::Result<()> {
        while count > 0 {
            if self.incoming.is_empty() {
                self.read_more().await?;
            }
            let part = count.min(self.incoming.len());
            self.incoming.advance(part);
            count -= part;
        }
        Ok(())
    }

    /// Gives back what a large answer made the buffer grow to.
    pub(crate) fn shrink(&mut self) {
        if self.incoming.is_empty() && self.incoming.capacity() > 8 * BUFFER {
            self.incoming = BytesMut::with_capacity(BUFFER);
        }
    }

    /// Whether the stream has nothing to say while nothing was asked. A server that ended the connection has.
    pub(crate) fn is_quiet(&mut self) -> bool {
        if !self.incoming.is_empty() {
            return false;
        }
        let mut byte = [0; 1];
        let mut buffer = ReadBuf::new(&mut byte);
        let mut context = Context::from_waker(Waker::noop());
        matches!(
            Pin::new(&mut self.stream).poll_read(&mut context, &mut buffer),
            Poll::Pending
        )
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection")
}

/// A logged-in connection.
pub(crate) struct Session {
    pub(crate) framed: Framed,
    pub(crate) statements: Statements,
    /// The role of its last request.
    pub(crate) role: Arc<str>,
    pub(crate) process_id: i32,
    pub(crate) secret_key: i32,
    /// Since when it lies idle, and since when it exists.
    pub(crate) idle_since: Instant,
    pub(crate) born: Instant,
    /// How many `ReadyForQuery` the server still owes for what was sent.
    pub(crate) awaited: usize,
    /// A message was sent in part only: nothing can be sent any more.
    pub(crate) is_broken: bool,
    /// The transaction state of the last `ReadyForQuery`.
    pub(crate) state: u8,
    /// Dates come in ISO 8601's order.
    pub(crate) has_iso_dates: bool,
}

impl Session {
    pub(crate) fn write_closes(&mut self) -> Result<(), ExchangeError> {
        for name in self.statements.given_up() {
            frontend::close(b'S', name, &mut self.framed.out)?;
        }
        Ok(())
    }

    /// Nothing of what was written is sent.
    pub(crate) fn take_back(&mut self, error: ExchangeError) -> ExchangeError {
        self.framed.out.clear();
        self.statements.settle();
        error
    }

    pub(crate) async fn send(&mut self) -> Result<(), ExchangeError> {
        frontend::sync(&mut self.framed.out);
        self.awaited += 1;
        self.flush().await
    }

    /// Sends what was written. Until everything is written nothing else may be.
    pub(crate) async fn flush(&mut self) -> Result<(), ExchangeError> {
        self.is_broken = true;
        self.framed.flush().await?;
        self.statements.forget_given_up();
        self.is_broken = false;
        Ok(())
    }

    pub(crate) async fn roll_back(&mut self) -> Result<(), ExchangeError> {
        if self.state == b'I' {
            return Ok(());
        }
        frontend::query("ROLLBACK", &mut self.framed.out)?;
        self.awaited += 1;
        self.framed.flush().await?;
        self.skip_to_ready().await?;
        Ok(())
    }

    pub(crate) async fn skip_to_ready(&mut self) -> std::io::Result<()> {
        let rest = std::mem::take(&mut self.framed.rest);
        self.framed.skip(rest).await?;
        while self.awaited > 0 {
            let header = self.framed.header().await?;
            if header.tag == b'D' {
                self.framed.skip(header.length + 1).await?;
            } else if let Message::ReadyForQuery(body) = self.framed.message().await? {
                self.state = body.status();
                self.awaited -= 1;
            }
        }
        Ok(())
    }

    pub(crate) async fn wait_until_ready(&mut self) -> std::io::Result<()> {
        if self.is_broken {
            return Err(std::io::Error::other("the connection is broken"));
        }
        // Which of the announced statements exist now is not known: none of them is used.
        self.statements.settle();
        self.skip_to_ready().await?;
        self.roll_back()
            .await
            .map_err(|error| std::io::Error::other(error.to_string()))
    }
}

/// The statements that are prepared on a connection: a bounded set, least recently used first out.
pub(crate) struct Statements {
    known: HashMap<Arc<str>, Entry>,
    /// Sent and not confirmed yet: name and text, in order.
    announced: Vec<(String, Arc<str>)>,
    /// Given up, and not closed on the server yet.
    given_up: Vec<String>,
    most: usize,
    clock: u64,
    next_name: u64,
}

struct Entry {
    name: String,
    last_used: u64,
    columns: Option<Arc<[ResultColumn]>>,
}

impl Statements {
    /// Keeps at most `most`; none = statements are not prepared under names.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            known: HashMap::new(),
            announced: Vec::new(),
            given_up: Vec::new(),
            most,
            clock: 0,
            next_name: 0,
        }
    }

    /// The name under which a text is prepared, or about to be by what was already written.
    pub(crate) fn find(&mut self, sql: &str) -> Option<String> {
        self.clock += 1;
        if let Some(entry) = self.known.get_mut(sql) {
            entry.last_used = self.clock;
            return Some(entry.name.clone());
        }
        self.announced
            .iter()
            .find(|(_, text)| &**text == sql)
            .map(|(name, _)| name.clone())
    }

    /// A name for a text that is about to be prepared; empty (a statement without a name) when none are kept.
    pub(crate) fn announce(&mut self, sql: &str) -> String {
        if self.most == 0 {
            return String::new();
        }
        self.next_name += 1;
        let name = format!("s{}", self.next_name);
        self.announced.push((name.clone(), sql.into()));
        name
    }

    /// The server prepared the statement called `name`.
    pub(crate) fn confirm(&mut self, name: &str) {
        let Some(index) = self.announced.iter().position(|(known, _)| known == name) else {
            return;
        };
        if self.known.len() >= self.most {
            self.give_up_oldest();
        }
        let (name, sql) = self.announced.remove(index);
        self.clock += 1;
        let last_used = self.clock;
        let entry = Entry {
            name,
            last_used,
            columns: None,
        };
        self.known.insert(sql, entry);
    }

    fn give_up_oldest(&mut self) {
        let oldest = self.known.iter().min_by_key(|(_, entry)| entry.last_used);
        let Some(sql) = oldest.map(|(sql, _)| Arc::clone(sql)) else {
            return;
        };
        self.given_up
            .extend(self.known.remove(&sql).map(|entry| entry.name));
    }

    /// The columns of a text's answer, if the server has told them.
    pub(crate) fn columns(&self, sql: &str) -> Option<Arc<[ResultColumn]>> {
        self.known.get(sql)?.columns.clone()
    }

    /// The server told the columns of the statement called `name`.
    pub(crate) fn describe(&mut self, name: &str, columns: &Arc<[ResultColumn]>) {
        if let Some(entry) = self.known.values_mut().find(|entry| entry.name == name) {
            entry.columns = Some(Arc::clone(columns));
        }
    }

    /// What was announced under `name` was not prepared.
    pub(crate) fn withdraw(&mut self, name: &str) {
        self.announced.retain(|(known, _)| known != name);
    }

    /// What was announced and not confirmed does not exist.
    pub(crate) fn settle(&mut self) {
        self.announced.clear();
    }

    /// Gives up everything.
    pub(crate) fn clear(&mut self) {
        self.settle();
        self.given_up
            .extend(self.known.drain().map(|(_, entry)| entry.name));
    }

    /// What the server should close: first thing in the next message train, where nothing can fail before it.
    pub(crate) fn given_up(&self) -> &[String] {
        &self.given_up
    }

    /// The server was told.
    pub(crate) fn forget_given_up(&mut self) {
        self.given_up.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_statement_makes_room() {
        let mut statements = Statements::new(2);
        for sql in ["a", "b", "a", "c"] {
            if statements.find(sql).is_none() {
                let name = statements.announce(sql);
                statements.confirm(&name);
            }
        }
        assert_eq!(statements.find("a").as_deref(), Some("s1"));
        assert_eq!(statements.find("b"), None);
        assert_eq!(statements.find("c").as_deref(), Some("s3"));
        assert_eq!(statements.given_up(), ["s2"]);
        statements.forget_given_up();
        assert!(statements.given_up().is_empty());
    }

    #[test]
    fn an_unconfirmed_statement_is_not_prepared() {
        let mut statements = Statements::new(2);
        let name = statements.announce("a");
        assert_eq!(statements.find("a").as_deref(), Some("s1"));
        statements.settle();
        assert_eq!(statements.find("a"), None);
        statements.confirm(&name);
        assert_eq!(statements.find("a"), None);
    }
}
