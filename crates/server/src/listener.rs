//! Accepting connections: HTTP/1.1 and HTTP/2 with prior knowledge, bounded in number, time and header size.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tower::{Service, ServiceExt};

use crate::error::StartError;

/// Most open connections of one listener.
const CONNECTIONS: usize = 65_536;

/// Time for a client to send the headers of a request, an idle connection's wait for the next one included.
const HEADERS: Duration = Duration::from_secs(75);

/// Bytes of headers.
const HEADER_BYTES: usize = 64 * 1024;

/// What answers every request of a listener.
pub(crate) trait Answers:
    Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<S> Answers for S where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// Address of the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// A bound port that does not accept yet: clients that connect now wait in the system's queue.
#[derive(Debug)]
pub(crate) struct Bound {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

/// What a listener is for, in error messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Purpose {
    pub(crate) name: &'static str,
    /// The key that decides the port.
    pub(crate) key: &'static str,
}

impl Bound {
    pub(crate) async fn bind(address: SocketAddr, purpose: Purpose) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen {
            purpose: purpose.name,
            address,
            key: purpose.key,
            source,
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Begins to accept.
    pub(crate) fn serve(self, service: impl Answers) -> Listening {
        let (ending, ended) = watch::channel(false);
        Listening {
            ending,
            task: Some(tokio::spawn(accept(self.listener, service, ended))),
        }
    }
}

/// An accepting listener.
#[derive(Debug)]
pub(crate) struct Listening {
    ending: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Listening {
    /// Stops accepting and waits until the open requests have ended. Cancelled, the rest is cut off.
    pub(crate) async fn drain(&mut self) {
        self.ending.send_replace(true);
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}

async fn accept(listener: TcpListener, service: impl Answers, mut ended: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(connections()));
    loop {
        let permit = tokio::select! {
            () = until(&mut ended) => break,
            permit = Arc::clone(&slots).acquire_owned() => permit,
        };
        let Ok(permit) = permit else { break };
        let (stream, peer) = tokio::select! {
            () = until(&mut ended) => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Usually "too many open files": a short pause lets some close.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        serve_connection(stream, Peer(peer), service.clone(), &graceful, permit);
    }
    drop(listener);
    graceful.shutdown().await;
}

/// How many connections there may be: as many as there may be open files, but for a quarter for everything else. Raises the
/// process's limit as far as it may by itself, since the usual one is far from enough for sockets that stay.
fn connections() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit {
            current: limit.maximum,
            ..limit
        };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit = raised,
            Err(error) => tracing::warn!(%error, "the limit of open files stays"),
        }
    }
    let files = limit.current.and_then(|files| usize::try_from(files).ok());
    files.map_or(CONNECTIONS, |files| CONNECTIONS.min(files / 4 * 3))
}

async fn until(ended: &mut watch::Receiver<bool>) {
    let _ = ended.wait_for(|ended| *ended).await;
}

fn serve_connection(
    stream: TcpStream,
    peer: Peer,
    service: impl Answers,
    graceful: &GracefulShutdown,
    permit: OwnedSemaphorePermit,
) {
    // Answers are written whole; waiting for more to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let answer = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(peer);
        service.clone().oneshot(request)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(HEADER_BYTES)
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(64 * 1024)
        .max_concurrent_streams(250)
        .keep_alive_interval(Duration::from_secs(30));
    let watcher = graceful.watcher();
    tokio::spawn(async move {
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), answer);
        if let Err(error) = watcher.watch(connection.into_owned()).await {
            tracing::debug!(%error, peer = %peer.0, "connection ended");
        }
        drop(permit);
    });
}
