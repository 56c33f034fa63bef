//! A home for a cluster, SQL through psql, and a second process to be killed.

use std::{
    env, fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use ferrobase_cluster::{Cluster, ClusterOptions, SUPERUSER};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "a test's secret";
const DATA: &str = "FERROBASE_CLUSTER_TEST_DATA";

/// A project folder that the database's user can reach.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("ferrobase-test-")
            .tempdir_in("/tmp")
            .unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self(dir)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.path().join("pgdata")
    }

    pub(crate) fn options(&self) -> ClusterOptions {
        options(self.data_dir())
    }
}

pub(crate) fn options(data_dir: PathBuf) -> ClusterOptions {
    ClusterOptions::new(data_dir, "test", PASSWORD.to_owned().into())
}

/// Runs SQL over the socket and returns what psql prints.
pub(crate) fn sql(cluster: &Cluster, text: &str) -> String {
    psql(cluster, &cluster.socket_dir().display().to_string(), text).unwrap()
}

/// Runs SQL on a host, with the password.
pub(crate) fn psql(cluster: &Cluster, host: &str, text: &str) -> Result<String, String> {
    let output = Command::new(cluster.bin_dir().join("psql"))
        .args([
            "-X",
            "-At",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            host,
            "-p",
            &cluster.port().to_string(),
        ])
        .args(["-U", SUPERUSER, "-d", "postgres", "-c", text])
        .env("PGPASSWORD", PASSWORD)
        .output()
        .unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

pub(crate) fn kill(pid: u32) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// False for a zombie, which an orphan stays until init gets round to it.
pub(crate) fn is_alive(pid: u32) -> bool {
    let exists = test_kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()).is_ok();
    exists && (!cfg!(target_os = "linux") || fs::read_link(format!("/proc/{pid}/exe")).is_ok())
}

/// Looks every few milliseconds, for ten seconds.
pub(crate) fn eventually(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < end, "never happened: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// This test binary run again, as a process with a cluster of its own.
pub(crate) struct Other {
    process: Child,
    pub(crate) server: u32,
    pub(crate) data_dir: PathBuf,
}

impl Other {
    /// Starts a cluster in another process: on this data directory, or without one an ephemeral cluster in `temp_dir`.
    pub(crate) fn start(data_dir: Option<&Path>, temp_dir: &Path) -> Self {
        let number = fs::read_dir(temp_dir).unwrap().count();
        let report = temp_dir.join(format!("report-{number}"));
        let process = Self::spawn(data_dir, temp_dir, &report);
        eventually("the other process has a cluster", || report.exists());
        let text = fs::read_to_string(&report).unwrap();
        let (server, data_dir) = text.split_once(' ').unwrap();
        Self {
            process,
            server: server.parse().unwrap(),
            data_dir: PathBuf::from(data_dir),
        }
    }

    /// Starts the other process without waiting for its cluster.
    pub(crate) fn spawn(data_dir: Option<&Path>, temp_dir: &Path, report: &Path) -> Child {
        Command::new(env::current_exe().unwrap())
            .args(["--exact", "harness::other_process", "--nocapture"])
            .env(DATA, data_dir.unwrap_or(Path::new("")))
            .env("FERROBASE_CLUSTER_TEST_REPORT", report)
            .env("TMPDIR", temp_dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// SIGKILL, as by the kernel when memory is short.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// An orderly end.
    pub(crate) fn stop(mut self) {
        self.process.stdin.take().unwrap().write_all(b"stop\n").unwrap();
        assert!(self.process.wait().unwrap().success());
    }
}

/// The other process's work; nothing in an ordinary run of the tests.
#[tokio::test]
async fn other_process() {
    let Some(data_dir) = env::var_os(DATA).map(PathBuf::from) else {
        return;
    };
    let mut options = options(data_dir);
    options.ephemeral = options.data_dir.as_os_str().is_empty();
    let cluster = Cluster::start(options).await.unwrap();
    cluster.seal().await.unwrap();
    let report = PathBuf::from(env::var_os("FERROBASE_CLUSTER_TEST_REPORT").unwrap());
    let text = format!("{} {}", cluster.pid().unwrap(), cluster.data_dir().display());
    fs::write(report.with_extension("new"), text).unwrap();
    fs::rename(report.with_extension("new"), report).unwrap();
    let mut line = String::new();
    tokio::task::spawn_blocking(move || std::io::stdin().read_line(&mut line))
        .await
        .unwrap()
        .unwrap();
    cluster.stop().await;
}
