//! Why a cluster could not be started, sealed or stopped.

use std::{io, path::PathBuf};

use crate::{installation::Version, postmaster::Exit};

/// What went wrong with the managed PostgreSQL. The texts are for the person who started the program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// No usable installation anywhere.
    #[error(
        "no PostgreSQL found (15 or newer is needed). Install it: {hint}. If it is installed somewhere unusual, set \
         FERROBASE_POSTGRES_BIN to the directory that holds `postgres` and `initdb`; or use another server with --db-url"
    )]
    NotInstalled {
        /// The command that installs it here.
        hint: &'static str,
    },
    /// The directory that was named holds no usable installation.
    #[error("{} is no usable PostgreSQL installation: {reason}", dir.display())]
    BadInstallation {
        /// The directory.
        dir: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The data was made by a major version that is not installed.
    #[error(
        "the data in {} was made by PostgreSQL {made_by}, but found here: {}. Two ways out: install PostgreSQL \
         {made_by}; or dump with the old version where it is still installed (pg_dumpall), move the directory away, \
         start again and restore the dump", data_dir.display(), list(found)
    )]
    WrongMajor {
        /// The data directory.
        data_dir: PathBuf,
        /// The major version that made it.
        made_by: u32,
        /// The versions that were found.
        found: Vec<Version>,
    },
    /// Another process of ours serves this data.
    #[error("already running: {} serves {}", process(*pid), data_dir.display())]
    AlreadyRunning {
        /// The data directory.
        data_dir: PathBuf,
        /// The process that holds the lock, when it could be read.
        pid: Option<u32>,
    },
    /// The directory holds something that ferrobase did not make.
    #[error("{} is not empty and was not made by ferrobase: move it away or choose another directory", data_dir.display())]
    NotOurs {
        /// The data directory.
        data_dir: PathBuf,
    },
    /// The data belongs to a user that PostgreSQL cannot run as here.
    #[error("{} belongs to {owner}, but PostgreSQL would run as {user}: {advice}", data_dir.display())]
    WrongOwner {
        /// The data directory.
        data_dir: PathBuf,
        /// Who owns it.
        owner: String,
        /// Who would have to.
        user: String,
        /// What to do about it.
        advice: String,
    },
    /// No unprivileged user to run as.
    #[error("PostgreSQL refuses to run as root and there is no user {name:?} to run it as: create that user")]
    NoAccount {
        /// The user looked for.
        name: String,
    },
    /// The unprivileged user cannot get to a directory.
    #[error("user {user} cannot reach {}: every folder above it must be searchable (chmod o+x) for that user", path.display())]
    Unreachable {
        /// The directory.
        path: PathBuf,
        /// The user.
        user: String,
    },
    /// No place for the socket.
    #[error(
        "no usable directory for the database's socket, tried {tried} (a socket's path may have 107 bytes at most)"
    )]
    NoSocketDir {
        /// The places tried, with what was wrong.
        tried: String,
    },
    /// The TCP port is taken.
    #[error(
        "port {port} on 127.0.0.1 is in use: stop what listens there or choose another database port (0 = any free one)"
    )]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// `initdb` failed.
    #[error("initdb failed: {output}")]
    Initdb {
        /// The end of what it said.
        output: String,
    },
    /// PostgreSQL ended before it was ready.
    #[error("PostgreSQL did not start: {0}")]
    Startup(Exit),
    /// The cluster was stopped, or is being stopped.
    #[error("the database has been stopped")]
    Stopped,
    /// A file operation failed.
    #[error("could not {what} {}: {source}", path.display())]
    Io {
        /// What was tried, a verb.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Adds what was tried, and on which file, to an I/O error.
pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> ClusterError {
    let path = path.into();
    move |source| ClusterError::Io { what, path, source }
}

fn list(found: &[Version]) -> String {
    if found.is_empty() {
        return "none".to_owned();
    }
    let versions: Vec<String> = found.iter().map(Version::to_string).collect();
    versions.join(", ")
}

fn process(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}
