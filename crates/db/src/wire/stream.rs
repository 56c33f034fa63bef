//! The byte stream to a server: unix socket, TCP, TLS.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};

use crate::error::DbError;
use crate::target::Parsed;
use crate::tls;

type TlsStream = <tokio_postgres_rustls::MakeRustlsConnect as MakeTlsConnect<TcpStream>>::Stream;

/// Where a server listens.
#[derive(Debug, Clone)]
enum Address {
    Unix(PathBuf),
    Tcp(String, u16),
}

/// How streams to one server are opened.
#[derive(Clone)]
pub(crate) struct Connector {
    addresses: Vec<Address>,
    ssl: SslMode,
    tls: tokio_postgres_rustls::MakeRustlsConnect,
}

impl Connector {
    pub(crate) fn new(target: &Parsed) -> Result<Self, DbError> {
        Ok(Self {
            addresses: addresses(&target.config),
            ssl: target.config.get_ssl_mode(),
            tls: tls::connector(target.verification)?,
        })
    }

    /// Tries every address in turn.
    pub(crate) async fn open(&self) -> io::Result<Stream> {
        let mut last = io::Error::new(io::ErrorKind::InvalidInput, "the database URL names no host");
        for address in &self.addresses {
            match self.open_at(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn open_at(&self, address: &Address) -> io::Result<Stream> {
        let (host, port) = match address {
            Address::Unix(path) => return Ok(Stream::Unix(UnixStream::connect(path).await?)),
            Address::Tcp(host, port) => (host, *port),
        };
        let mut stream = TcpStream::connect((host.as_str(), port)).await?;
        stream.set_nodelay(true)?;
        if self.ssl == SslMode::Disable {
            return Ok(Stream::Tcp(stream));
        }
        let mut request = BytesMut::new();
        frontend::ssl_request(&mut request);
        stream.write_all(&request).await?;
        if stream.read_u8().await? != b'S' {
            return match self.ssl {
                SslMode::Prefer => Ok(Stream::Tcp(stream)),
                _ => Err(io::Error::other("the server does not speak TLS")),
            };
        }
        let tls = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut self.tls.clone(), host)
            .map_err(|error| io::Error::other(error.to_string()))?;
        let stream = tls
            .connect(stream)
            .await
            .map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Stream::Tls(Box::new(stream)))
    }
}

fn addresses(config: &Config) -> Vec<Address> {
    let ports = config.get_ports();
    let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(5432);
    config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(index, host)| match host {
            Host::Unix(dir) => Address::Unix(dir.join(format!(".s.PGSQL.{}", port(index)))),
            Host::Tcp(name) => Address::Tcp(name.clone(), port(index)),
        })
        .collect()
}

/// An open stream.
pub(crate) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
    Tls(Box<TlsStream>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
