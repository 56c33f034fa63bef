//! The directory of PostgreSQL's socket: private (its permissions are the lock), and short.

use std::{
    fmt::Write as _,
    fs,
    io::ErrorKind,
    net::{Ipv4Addr, TcpListener},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use crate::{
    account::Account,
    error::{ClusterError, io},
    files::{private_dir, short_hash},
};

/// The longest path of a socket, without the closing NUL.
const LONGEST_PATH: usize = 107;
/// `/.s.PGSQL.` and the digits of the largest port.
const LONGEST_NAME: usize = 15;
/// The port in the socket's name when there is no TCP; in a private directory any number does.
pub(crate) const SOCKET_PORT: u16 = 5432;

/// Makes the socket directory: in the wished directory if that will do, else in the session's runtime directory, else
/// under /tmp, where a stranger may have taken the name and further ones are tried.
pub(crate) fn make_dir(
    run_dir: Option<&Path>,
    data_dir: &Path,
    account: &Account,
) -> Result<PathBuf, ClusterError> {
    let name = format!("ferrobase-{}", short_hash(data_dir));
    let session = std::env::var_os("XDG_RUNTIME_DIR")
        .filter(|_| !account.switch)
        .map(PathBuf::from);
    let candidates = run_dir
        .map(|dir| dir.join("pg"))
        .into_iter()
        .chain(session.filter(|dir| dir.is_absolute()).map(|dir| dir.join(&name)))
        .chain(std::iter::once(Path::new("/tmp").join(&name)))
        .chain((1..4).map(|n| Path::new("/tmp").join(format!("{name}-{n}"))));
    let mut tried = String::new();
    for dir in candidates {
        let dir = std::path::absolute(&dir).unwrap_or(dir);
        match usable(&dir, account) {
            Ok(()) => return Ok(dir),
            Err(reason) => {
                let _ = write!(
                    tried,
                    "{}{} ({reason})",
                    if tried.is_empty() { "" } else { ", " },
                    dir.display()
                );
            }
        }
    }
    Err(ClusterError::NoSocketDir { tried })
}

fn usable(dir: &Path, account: &Account) -> Result<(), String> {
    if dir.as_os_str().as_bytes().len() + LONGEST_NAME > LONGEST_PATH {
        return Err("too long".to_owned());
    }
    let parent = dir.parent().unwrap_or(Path::new("/"));
    if !account.switch {
        fs::create_dir_all(parent).map_err(|error| error.to_string())?;
    } else if let Some(barrier) = account.barred_from(parent) {
        return Err(format!("{} is closed to {}", barrier.display(), account.name));
    }
    private_dir(dir, account).map_err(|error| error.to_string())
}

/// Removes socket files that a killed server left. Their lock files name a pid that may be somebody else's by now, which
/// would stop the next server. Only safe while we hold the data directory's lock.
pub(crate) fn clear(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        if entry.file_name().as_bytes().starts_with(b".s.PGSQL.") {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The port to listen on: the wished one if it is free, for 0 one that is free right now.
pub(crate) fn tcp_port(wished: u16) -> Result<u16, ClusterError> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, wished)).and_then(|listener| listener.local_addr());
    match free {
        Ok(address) => Ok(address.port()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(ClusterError::PortInUse { port: wished }),
        Err(error) => Err(io("listen on", format!("127.0.0.1:{wished}"))(error)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt as _;

    #[test]
    fn a_long_path_falls_back_to_a_short_one() {
        let account = Account::choose(None, None).unwrap();
        let long = PathBuf::from(format!("/tmp/{}", "x".repeat(100)));
        let unique = std::env::temp_dir().join(format!("sockets-test-{}", std::process::id()));
        let dir = make_dir(Some(&long), &unique, &account).unwrap();
        assert!(dir.as_os_str().len() + LONGEST_NAME <= LONGEST_PATH);
        let metadata = fs::metadata(&dir).unwrap();
        assert_eq!((metadata.mode() & 0o777, metadata.uid()), (0o700, account.uid));
        fs::write(dir.join(".s.PGSQL.5432.lock"), "1").unwrap();
        clear(&dir);
        fs::remove_dir(dir).unwrap();
    }

    #[test]
    fn a_taken_port_is_named() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(
            tcp_port(port)
                .unwrap_err()
                .to_string()
                .contains(&port.to_string())
        );
        assert_ne!(tcp_port(0).unwrap(), 0);
    }
}
