//! The file by which `status`, `stop` and a second `start` find the running backend: `run/server.json`.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ferrobase_cluster::SUPERUSER;
use ferrobase_db::Target;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::database::DATABASE;
use crate::endpoints::Endpoints;

/// A running backend as its state file tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServerState {
    /// Its process.
    #[serde(rename = "PID")]
    pub pid: u32,
    /// When that process began, in the system's own unit: tells it from a later process with the same number.
    #[serde(rename = "PROCESS_START")]
    process_start: Option<u64>,
    /// The managed cluster's own socket: who may read this file may do everything there.
    #[serde(rename = "DB_SOCKET", default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<Socket>,
    /// Addresses and keys.
    #[serde(flatten)]
    pub endpoints: Endpoints,
}

/// The place of PostgreSQL's own socket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Socket {
    /// Its folder.
    pub folder: PathBuf,
    /// The port in its name.
    pub port: u16,
}

impl ServerState {
    /// Its database, as the administrator where that is ours to be.
    pub fn administration(&self) -> Target {
        match &self.socket {
            Some(socket) => Target::Socket {
                dir: socket.folder.clone(),
                port: socket.port,
                user: SUPERUSER.to_owned(),
                database: DATABASE.to_owned(),
            },
            None => Target::Url(self.endpoints.db_url.clone()),
        }
    }
}

/// The folder of a project's state (design.md §3.3).
pub fn state_dir(workdir: &Path) -> PathBuf {
    workdir.join("supabase").join(".ferrobase")
}

fn file(workdir: &Path) -> PathBuf {
    state_dir(workdir).join("run").join("server.json")
}

/// The state of the running backend; `None` when nothing runs, whatever a crash left behind.
pub fn read_state(workdir: &Path) -> Option<ServerState> {
    let state: ServerState = serde_json::from_slice(&fs::read(file(workdir)).ok()?).ok()?;
    let pid = Pid::from_raw(i32::try_from(state.pid).ok()?)?;
    let lives = test_kill_process(pid).is_ok() && process_start(state.pid) == state.process_start;
    lives.then_some(state)
}

/// A written state file; removed on drop.
#[derive(Debug)]
pub(crate) struct StateFile(PathBuf);

impl StateFile {
    /// Writes it whole, readable by its owner only: it holds keys.
    pub(crate) fn write(
        workdir: &Path,
        endpoints: &Endpoints,
        socket: Option<Socket>,
    ) -> std::io::Result<Self> {
        let path = file(workdir);
        let pid = std::process::id();
        let state = ServerState {
            pid,
            process_start: process_start(pid),
            socket,
            endpoints: endpoints.clone(),
        };
        let temporary = path.with_extension(format!("{pid}.tmp"));
        let mut out = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        serde_json::to_writer_pretty(&mut out, &state)?;
        out.write_all(b"\n")?;
        fs::rename(&temporary, &path)?;
        Ok(Self(path))
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        // Whoever reads a leftover sees that its process is gone.
        let _ = fs::remove_file(&self.0);
    }
}

/// Field 22 of `/proc/<pid>/stat` (proc(5)); `None` where there is no such file, or for a process that has ended and
/// was not waited for yet.
fn process_start(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field, the program's name, may hold blanks and parentheses; it ends with the last one.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let is_dead = matches!(fields.next(), Some("Z" | "X"));
    if is_dead {
        None
    } else {
        fields.nth(18)?.parse().ok()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_living_are_read() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(state_dir(folder.path()).join("run")).unwrap();
        let endpoints: Endpoints = serde_json::from_value(serde_json::json!({
            "API_URL": "a", "DB_URL": "d", "PUBLISHABLE_KEY": "p", "SECRET_KEY": "s", "ANON_KEY": "k", "SERVICE_ROLE_KEY": "r",
            "JWT_SECRET": "j", "S3_PROTOCOL_ACCESS_KEY_ID": "i", "S3_PROTOCOL_ACCESS_KEY_SECRET": "x", "S3_PROTOCOL_REGION": "l",
        }))
        .unwrap();
        let written = StateFile::write(folder.path(), &endpoints, None).unwrap();
        assert_eq!(read_state(folder.path()).unwrap().endpoints, endpoints);

        let path = file(folder.path());
        let mut state: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        state["PROCESS_START"] = 1.into();
        fs::write(&path, state.to_string()).unwrap();
        assert!(read_state(folder.path()).is_none());
        drop(written);
        assert!(!path.exists());
    }
}
