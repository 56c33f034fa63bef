//! Other processes: which of them is a PostgreSQL on our data.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// Sends a signal; a process that has ended already is no error.
pub(crate) fn signal(pid: Pid, signal: Signal) {
    let _ = kill_process(pid, signal);
}

/// Blocks: only for threads that exist for waiting, never for the runtime's own.
pub(crate) fn pause(time: Duration) {
    thread::sleep(time);
}

/// Looks every few milliseconds until `gone` holds, for at most `limit`.
pub(crate) fn wait_until(limit: Duration, gone: impl Fn() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if gone() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        pause(Duration::from_millis(5));
    }
}

#[cfg(target_os = "linux")]
mod system {
    use super::{Path, Pid};
    use std::{fs, os::unix::ffi::OsStrExt as _, path::PathBuf};

    fn link(pid: Pid, name: &str) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/{name}", pid.as_raw_pid())).ok()
    }

    /// True if the process is a PostgreSQL server process on this data: each of them works in the data directory.
    pub(crate) fn serves(pid: Pid, data_dir: &Path) -> bool {
        let is_postgres = || {
            let program = link(pid, "exe")?;
            // After an upgrade the link reads "…/postgres (deleted)".
            Some(program.file_name()?.as_bytes().starts_with(b"postgres"))
        };
        link(pid, "cwd").as_deref() == Some(data_dir) && is_postgres().unwrap_or(false)
    }

    /// All server processes on this data, the postmaster and its children.
    pub(crate) fn all_serving(data_dir: &Path) -> Vec<Pid> {
        let Ok(entries) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        entries
            .flatten()
            .filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
            .filter(|pid| serves(*pid, data_dir))
            .collect()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::{Path, Pid};
    use std::process::Command;

    /// Without /proc: a postmaster is known by its command line.
    pub(crate) fn serves(pid: Pid, data_dir: &Path) -> bool {
        let pid = pid.as_raw_pid().to_string();
        Command::new("ps")
            .args(["-o", "command=", "-p", &pid])
            .output()
            .is_ok_and(|output| {
                let line = String::from_utf8_lossy(&output.stdout).into_owned();
                line.contains("postgres") && line.contains(&*data_dir.to_string_lossy())
            })
    }

    /// Children cannot be told apart here; the server's own check of its shared memory has to do.
    pub(crate) fn all_serving(_data_dir: &Path) -> Vec<Pid> {
        Vec::new()
    }
}

pub(crate) use system::{all_serving, serves};
