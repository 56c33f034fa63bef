//! `postmaster.pid`: who serves a data directory and how far it has come.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rustix::process::Pid;

/// The lines of the file that we use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PidFile {
    /// Line 1. A file left by a killed server names a process that is dead, or by now somebody else's.
    pub(crate) pid: Pid,
    /// Line 8: `starting`, `ready`, `standby` or `stopping`.
    pub(crate) status: String,
}

impl PidFile {
    pub(crate) fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("postmaster.pid")
    }

    /// The file's content, or `None` while it is missing or not complete.
    pub(crate) fn read(data_dir: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(Self::path(data_dir)).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        // Negative when a single-user server (initdb runs one) wrote it.
        let pid: i32 = lines.next()?.trim().parse().ok()?;
        Some(Self {
            pid: Pid::from_raw(pid.checked_abs()?)?,
            status: lines.nth(6).unwrap_or_default().trim().to_owned(),
        })
    }

    /// True once this very process takes connections: the status alone may be a killed predecessor's.
    pub(crate) fn is_ready(&self, pid: Pid) -> bool {
        self.pid == pid && matches!(self.status.as_str(), "ready" | "standby")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reads_pid_and_status() {
        let text = "4711\n/data\n1700000000\n5432\n/run\n\n  123 4\nready   \n";
        let file = PidFile::parse(text).unwrap();
        let pid = Pid::from_raw(4711).unwrap();
        assert!(file.is_ready(pid));
        assert!(!file.is_ready(Pid::from_raw(4712).unwrap()));
        let starting = PidFile::parse("4711\n/data\n1700000000\n5432\n").unwrap();
        assert!(!starting.is_ready(pid));
        assert_eq!(PidFile::parse("-12\n").unwrap().pid.as_raw_pid(), 12);
        assert_eq!(PidFile::parse(""), None);
    }
}
