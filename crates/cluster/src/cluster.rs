//! The public face: a running cluster.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Mutex as AsyncMutex, watch};

use crate::{
    error::{ClusterError, io},
    installation::Version,
    options::ClusterOptions,
    postmaster::{Exit, Postmaster},
    prepare::Prepared,
};

/// The superuser of every managed cluster, named as Supabase names it (managed-postgres.md 2).
pub const SUPERUSER: &str = "supabase_admin";

/// Starts that are tried before an obstacle that passes by itself is reported.
const ATTEMPTS: u32 = 5;

/// A running PostgreSQL cluster. Dropping it asks the server to shut down; [`Cluster::stop`] also waits for that.
#[derive(Debug)]
pub struct Cluster {
    prepared: Arc<Prepared>,
    current: Mutex<Arc<Postmaster>>,
    /// Held over a restart and a stop, so that they do not interleave.
    transition: AsyncMutex<()>,
    stopping: watch::Sender<bool>,
}

impl Cluster {
    /// Starts the cluster, making it first if need be, and returns when PostgreSQL takes connections.
    ///
    /// Dropping the returned future stops what it has started so far.
    pub async fn start(options: ClusterOptions) -> Result<Self, ClusterError> {
        let prepared = Arc::new(blocking(move || Prepared::new(options)).await?);
        let postmaster = launch(&prepared, |_| ()).await?;
        Ok(Self {
            prepared,
            current: Mutex::new(postmaster),
            transition: AsyncMutex::new(()),
            stopping: watch::channel(false).0,
        })
    }

    /// True if this start made the cluster: the caller then applies its baseline and calls [`Self::seal`].
    pub fn is_new(&self) -> bool {
        self.prepared.is_new
    }

    /// Makes a new cluster count as created: everything in it is on disk when this returns. Until then the next start
    /// would make the cluster anew, so the caller acknowledges no data before. Does nothing on later starts and on
    /// ephemeral clusters.
    pub async fn seal(&self) -> Result<(), ClusterError> {
        if !self.prepared.is_new || self.prepared.options.ephemeral {
            return Ok(());
        }
        let prepared = Arc::clone(&self.prepared);
        blocking(move || prepared.seal()).await
    }

    /// The directory of the socket; only the server's user and root may enter it, who need no password.
    pub fn socket_dir(&self) -> &Path {
        &self.prepared.socket_dir
    }

    /// The port in the socket's name (`.s.PGSQL.<port>`), and the TCP port if there is one.
    pub fn port(&self) -> u16 {
        self.prepared.port()
    }

    /// The TCP port on 127.0.0.1, if the cluster listens there.
    pub fn tcp_port(&self) -> Option<u16> {
        self.prepared.options.tcp_port.map(|_| self.prepared.port())
    }

    /// The name of the superuser.
    pub fn superuser(&self) -> &'static str {
        SUPERUSER
    }

    /// The version of the server.
    pub fn version(&self) -> &Version {
        &self.prepared.installation.version
    }

    /// The directory of the server's programs.
    pub fn bin_dir(&self) -> &Path {
        &self.prepared.installation.bin_dir
    }

    /// Where the data really is: not always where the options wished it.
    pub fn data_dir(&self) -> &Path {
        &self.prepared.place.data_dir
    }

    /// The server's process, while it lives.
    pub fn pid(&self) -> Option<u32> {
        self.current()
            .pid()
            .and_then(|pid| u32::try_from(pid.as_raw_pid()).ok())
    }

    /// Resolves when the server that runs now dies without having been asked to; [`Self::restart`] is then due. Never
    /// resolves after [`Self::stop`] or a restart of a living server.
    pub fn exited(&self) -> impl Future<Output = Exit> + Send + use<> {
        self.current().died()
    }

    /// Starts the server again on the same socket and port, stopping it first if it lives. Data survives as PostgreSQL
    /// promises; recovery after a crash is part of the waiting.
    pub async fn restart(&self) -> Result<(), ClusterError> {
        let _transition = self.transition.lock().await;
        if self.prepared.is_released() {
            return Err(ClusterError::Stopped);
        }
        self.current().stop(self.data_dir().to_path_buf()).await;
        let prepared = Arc::clone(&self.prepared);
        blocking(move || prepared.again()).await?;
        let mut stopping = self.stopping.subscribe();
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => Err(ClusterError::Stopped),
            // Known as the current one from its beginning, so that a stop in the middle finds it.
            started = launch(&self.prepared, |postmaster| self.set_current(postmaster)) => started.map(|_| ()),
        }
    }

    /// Shuts the server down and waits for its end: orderly within 30 s, then by force. Gives the data directory's lock
    /// back; of an ephemeral cluster everything is removed. Breaks off a restart that is under way.
    pub async fn stop(&self) {
        self.stopping.send_replace(true);
        let _transition = self.transition.lock().await;
        let exit = self.current().stop(self.data_dir().to_path_buf()).await;
        tracing::debug!(status = exit.status, "PostgreSQL has ended");
        let prepared = Arc::clone(&self.prepared);
        let _ = blocking(move || {
            prepared.release();
            Ok(())
        })
        .await;
    }

    fn set_current(&self, postmaster: &Arc<Postmaster>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(postmaster);
    }

    fn current(&self) -> Arc<Postmaster> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Starts a server and waits until it is ready. Two obstacles pass by themselves: memory that children of a killed server
/// still hold, and a free port that was taken between our look and the server's.
async fn launch(
    prepared: &Arc<Prepared>,
    begun: impl Fn(&Arc<Postmaster>),
) -> Result<Arc<Postmaster>, ClusterError> {
    let mut attempt = 1;
    loop {
        let postmaster = Postmaster::begin(prepared.launch(), Arc::clone(prepared))
            .map_err(io("run", &prepared.installation.bin_dir))?;
        let postmaster = Arc::new(postmaster);
        begun(&postmaster);
        let Err(exit) = postmaster.ready().await else {
            return Ok(postmaster);
        };
        let held = exit.said("pre-existing shared memory block");
        let taken = exit.said("could not bind") && prepared.options.tcp_port == Some(0);
        if attempt == ATTEMPTS || !(held || taken) {
            return Err(ClusterError::Startup(exit));
        }
        attempt += 1;
        if taken {
            prepared.choose_port()?;
        } else {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ClusterError> + Send + 'static,
) -> Result<T, ClusterError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        // The runtime is shutting down.
        Err(_) => Err(ClusterError::Stopped),
    }
}
