//! Everything before PostgreSQL runs, in order: place, lock, takeover, binaries, sockets, initdb, settings.
//!
//! All of it blocks, so it runs on a blocking thread. If the caller goes away meanwhile it still runs to its end and
//! keeps the lock until then.

use std::{
    env, fs,
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU16, Ordering},
    },
};

use crate::{
    account::Account,
    binaries,
    ephemeral::EphemeralDir,
    error::{ClusterError, io},
    files, initdb,
    installation::Installation,
    lock::DataLock,
    options::ClusterOptions,
    place::Place,
    postmaster::Launch,
    seal::{self, Found},
    settings, sockets, takeover,
};

/// A cluster that is ready to be served.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) options: ClusterOptions,
    pub(crate) place: Place,
    pub(crate) installation: Installation,
    pub(crate) socket_dir: PathBuf,
    /// Names the socket, and is the TCP port if there is one.
    port: AtomicU16,
    pub(crate) is_new: bool,
    hold: Mutex<Option<Hold>>,
}

/// What is given back when the cluster is stopped. The directory goes before the lock.
#[derive(Debug)]
struct Hold {
    _ephemeral: Option<EphemeralDir>,
    _lock: DataLock,
}

impl Prepared {
    pub(crate) fn new(options: ClusterOptions) -> Result<Self, ClusterError> {
        let ephemeral = if options.ephemeral {
            let root = temp_root(options.run_as.as_deref())?;
            Some(EphemeralDir::create(&root).map_err(io("create a directory in", root))?)
        } else {
            None
        };
        let wanted = ephemeral
            .as_ref()
            .map_or_else(|| options.data_dir.clone(), |dir| dir.path().join("pgdata"));
        let place = Place::resolve(&wanted, &options)?;
        let lock = DataLock::acquire(&place.data_dir)?;
        takeover::free(&place.data_dir)?;
        let found = clear_remains(&place)?;
        let installation = binaries::find(options.bin_dir.as_deref(), &place.data_dir)?;
        let run_dir = ephemeral
            .as_ref()
            .map(EphemeralDir::path)
            .or(options.run_dir.as_deref());
        let socket_dir = sockets::make_dir(run_dir, &place.data_dir, &place.account)?;
        let is_new = found != Found::Sealed;
        if is_new {
            if !options.ephemeral {
                seal::begin(&place.data_dir).map_err(io("mark", &place.data_dir))?;
            }
            let (data_dir, account) = (&place.data_dir, &place.account);
            let copied = options
                .template
                .as_ref()
                .is_some_and(|template| template.copy(&installation, data_dir, account));
            if !copied {
                let password = &options.superuser_password;
                initdb::run(&installation, data_dir, password, &socket_dir, account)?;
            }
        }
        let prepared = Self {
            port: AtomicU16::new(sockets::SOCKET_PORT),
            hold: Mutex::new(Some(Hold {
                _ephemeral: ephemeral,
                _lock: lock,
            })),
            options,
            place,
            installation,
            socket_dir,
            is_new,
        };
        prepared.choose_port()?;
        prepared.configure()?;
        Ok(prepared)
    }

    /// Makes ready for another server on the same data, after the former one ended in whatever way.
    pub(crate) fn again(&self) -> Result<(), ClusterError> {
        takeover::free(&self.place.data_dir)?;
        self.configure()
    }

    /// Settles the port. Port 0 is settled at the first start and stays for restarts.
    pub(crate) fn choose_port(&self) -> Result<(), ClusterError> {
        if let Some(wished) = self.options.tcp_port {
            self.port.store(sockets::tcp_port(wished)?, Ordering::Relaxed);
        }
        Ok(())
    }

    fn configure(&self) -> Result<(), ClusterError> {
        let data_dir = &self.place.data_dir;
        let (ephemeral, durable) = (self.options.ephemeral, !self.is_new);
        let account = &self.place.account;
        settings::write(
            data_dir,
            &self.installation,
            ephemeral,
            durable,
            &self.options.settings,
            account,
        )
        .map_err(io("write the settings in", data_dir))?;
        self.installation.record(data_dir);
        sockets::clear(&self.socket_dir);
        Ok(())
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.load(Ordering::Relaxed)
    }

    /// The command of this cluster's server.
    pub(crate) fn launch(&self) -> Launch {
        let addresses = if self.options.tcp_port.is_some() {
            "127.0.0.1"
        } else {
            ""
        };
        Launch {
            program: self.installation.bin_dir.join("postgres"),
            data_dir: self.place.data_dir.clone(),
            settings: vec![
                ("listen_addresses", addresses.to_owned()),
                ("port", self.port().to_string()),
                ("unix_socket_directories", settings::list_item(&self.socket_dir)),
            ],
            account: self.place.account.clone(),
        }
    }

    /// Syncs and marks the data of a first start.
    pub(crate) fn seal(&self) -> Result<(), ClusterError> {
        let data_dir = &self.place.data_dir;
        seal::seal(data_dir, &self.place.account).map_err(io("seal", data_dir))
    }

    /// True after [`Self::release`].
    pub(crate) fn is_released(&self) -> bool {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Gives back the lock and, of an ephemeral cluster, removes the data. The server must have ended.
    pub(crate) fn release(&self) {
        let hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner).take();
        if hold.is_some() {
            // Empty by now, unless it is not only ours.
            let _ = fs::remove_dir(&self.socket_dir);
        }
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        self.release();
    }
}

/// The temporary directory, unless the database's user cannot get there.
fn temp_root(run_as: Option<&str>) -> Result<PathBuf, ClusterError> {
    let root = env::temp_dir();
    let account = Account::choose(None, run_as)?;
    let barred = account.switch && account.barred_from(&root).is_some();
    Ok(if barred { PathBuf::from("/tmp") } else { root })
}

/// Removes what an unfinished first start left.
fn clear_remains(place: &Place) -> Result<Found, ClusterError> {
    let data_dir = &place.data_dir;
    let found = seal::inspect(data_dir).map_err(io("look into", data_dir))?;
    match found {
        Found::Foreign => {
            return Err(ClusterError::NotOurs {
                data_dir: data_dir.clone(),
            });
        }
        Found::Unsealed => {
            tracing::info!(data_dir = %data_dir.display(), "the first start was not finished: beginning again");
            takeover::quit_orphans(&data_dir.canonicalize().map_err(io("resolve", data_dir))?);
            files::empty_dir(data_dir).map_err(io("empty", data_dir))?;
        }
        Found::Nothing | Found::Sealed => {}
    }
    Ok(found)
}
