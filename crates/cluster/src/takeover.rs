//! Getting a data directory out of the hands of former servers (managed-postgres.md 4).
//!
//! All of this happens while we hold the directory's lock, so no other ferrobase starts a server on it meanwhile.

use std::{path::Path, time::Duration};

use rustix::process::Signal;

use crate::{
    error::{ClusterError, io},
    pid_file::PidFile,
    processes::{all_serving, serves, signal, wait_until},
};

/// How long a server may take for an orderly shutdown.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How long a server may take once it was told to drop everything.
pub(crate) const SHORT_PATIENCE: Duration = Duration::from_secs(5);

/// Makes sure that no server runs on this data and that the next one will not be kept from it.
///
/// Costs one look for a file after a clean shutdown.
pub(crate) fn free(data_dir: &Path) -> Result<(), ClusterError> {
    let Some(file) = PidFile::read(data_dir) else {
        return Ok(());
    };
    let real = data_dir.canonicalize().map_err(io("resolve", data_dir))?;
    if serves(file.pid, &real) {
        tracing::warn!(
            pid = file.pid.as_raw_pid(),
            "a PostgreSQL of a former run still serves this data: stopping it"
        );
        let steps = [
            (Signal::INT, PATIENCE),
            (Signal::QUIT, SHORT_PATIENCE),
            (Signal::KILL, SHORT_PATIENCE),
        ];
        for (step, patience) in steps {
            signal(file.pid, step);
            if wait_until(patience, || !serves(file.pid, &real)) {
                break;
            }
        }
    }
    quit_orphans(&real);
    forget_stranger(data_dir)
}

/// Ends server processes whose postmaster is dead. They would go by themselves within seconds, but until then they hold
/// the shared memory that the next server asks for. Recovery is due anyway, so they may drop everything.
pub(crate) fn quit_orphans(real_data_dir: &Path) {
    for step in [Signal::QUIT, Signal::KILL] {
        let left = all_serving(real_data_dir);
        if left.is_empty() {
            return;
        }
        for pid in &left {
            signal(*pid, step);
        }
        wait_until(SHORT_PATIENCE, || {
            left.iter().all(|pid| !serves(*pid, real_data_dir))
        });
    }
}

/// Removes a pid file whose number belongs to an unrelated process by now: PostgreSQL would believe it and refuse to
/// start. Its other check, for processes on the old shared memory, goes with the file, so we make that one ourselves.
#[cfg(target_os = "linux")]
fn forget_stranger(data_dir: &Path) -> Result<(), ClusterError> {
    let Some(file) = PidFile::read(data_dir) else {
        return Ok(());
    };
    let alive = rustix::process::test_kill_process(file.pid).is_ok();
    let real = data_dir.canonicalize().map_err(io("resolve", data_dir))?;
    if alive && all_serving(&real).is_empty() {
        let path = PidFile::path(data_dir);
        std::fs::remove_file(&path).map_err(io("remove", path))?;
    }
    Ok(())
}

/// Without a look at all processes the file must stay: removing it could let two servers write the same data.
#[cfg(not(target_os = "linux"))]
fn forget_stranger(_data_dir: &Path) -> Result<(), ClusterError> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_pid_file_that_names_a_stranger_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = PidFile::path(dir.path());
        fs::write(
            &path,
            format!("{}\n{}\n", std::process::id(), dir.path().display()),
        )
        .unwrap();
        free(dir.path()).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_pid_file_of_a_dead_server_is_left_to_postgres() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        fs::write(PidFile::path(dir.path()), format!("{}\n", child.id())).unwrap();
        free(dir.path()).unwrap();
        assert!(PidFile::path(dir.path()).exists());
    }
}
