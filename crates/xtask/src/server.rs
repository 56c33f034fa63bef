//! A running release binary with a project folder of its own, stopped and removed at the end.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace;

/// How long a start may take before it counts as failed.
const START: Duration = Duration::from_mins(1);
/// How long a stop may take before the process is killed.
const STOP: Duration = Duration::from_secs(20);

/// A running backend.
pub(crate) struct Server {
    child: Child,
    folder: PathBuf,
    status: Value,
}

impl Server {
    /// Starts an ephemeral backend with this `config.toml`; its log goes to `target/xtask/<name>.log`.
    pub(crate) fn start(name: &str, config: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("ferrobase-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join("supabase")).context("making a project folder")?;
        fs::write(folder.join("supabase/config.toml"), config)?;
        let logs = workspace::target().join("xtask");
        fs::create_dir_all(&logs)?;
        let log_path = logs.join(format!("{name}.log"));
        let log = File::create(&log_path)?;
        let child = Command::new(workspace::binary())
            .args(["start", "--ephemeral", "--port", "0", "--workdir"])
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("starting the release binary")?;
        let mut server = Self {
            child,
            folder,
            status: Value::Null,
        };
        server
            .wait_until_ready()
            .with_context(|| format!("log: {}", log_path.display()))?;
        Ok(server)
    }

    /// A value of the status, by the Supabase CLI's name: `API_URL`, `ANON_KEY`, …
    pub(crate) fn value(&self, name: &str) -> &str {
        self.status.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < START {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended while starting: {status}");
            }
            if let Some(status) = status_of(&self.folder) {
                self.status = status;
                if is_healthy(self.value("API_URL")) {
                    return Ok(());
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("the server was not ready after {} s", START.as_secs())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().ok();
        let start = Instant::now();
        while start.elapsed() < STOP {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                fs::remove_dir_all(&self.folder).ok();
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.child.kill().ok();
        self.child.wait().ok();
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// What the running server says of itself: its state file where it has one, else the `status` command.
fn status_of(folder: &Path) -> Option<Value> {
    let file = folder.join("supabase/.ferrobase/run/server.json");
    let bytes = fs::read(file).ok();
    let told = bytes
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
        .filter(is_complete);
    told.or_else(|| {
        let output = Command::new(workspace::binary())
            .args(["status", "-o", "json", "--workdir"])
            .arg(folder)
            .stdin(Stdio::null())
            .output()
            .ok()?;
        serde_json::from_slice::<Value>(&output.stdout)
            .ok()
            .filter(is_complete)
    })
}

fn is_complete(status: &Value) -> bool {
    ["API_URL", "DB_URL", "MAILPIT_URL", "ANON_KEY", "SERVICE_ROLE_KEY"]
        .iter()
        .all(|name| status.get(name).is_some_and(Value::is_string))
}

fn is_healthy(url: &str) -> bool {
    status_of_request(url, "/health") == Some(200)
}

/// The status of one `GET` over a plain socket.
pub(crate) fn status_of_request(url: &str, path: &str) -> Option<u16> {
    let address = url.strip_prefix("http://")?.split('/').next()?;
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let line = String::from_utf8_lossy(answer.get(..12)?).into_owned();
    line.strip_prefix("HTTP/1.1 ")?.parse().ok()
}
