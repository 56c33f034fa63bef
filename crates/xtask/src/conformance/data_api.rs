//! A running `ferrobase rest`.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::server::status_of_request;
use crate::workspace;

/// How long a start may take before it counts as failed.
const START: Duration = Duration::from_secs(30);

/// How the command says where it listens.
const ANNOUNCEMENT: &str = "data API on ";

/// A data API of its own, ended with this value.
pub(super) struct DataApi {
    child: Child,
    url: String,
}

impl DataApi {
    /// Starts it on any free port and waits until it serves; its log goes to `target/xtask/rest-<name>.log`.
    pub(super) fn start(name: &str, database: &str, variables: &BTreeMap<String, String>) -> Result<Self> {
        let log_path = log_path(name)?;
        let log = File::create(&log_path)?;
        let child = Command::new(workspace::binary())
            .args(["rest", "--port", "0", "--db-url", database])
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("starting the release binary")?;
        let mut server = Self {
            child,
            url: String::new(),
        };
        server
            .wait_until_ready(&log_path)
            .with_context(|| format!("log: {}", log_path.display()))?;
        Ok(server)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    fn wait_until_ready(&mut self, log: &Path) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < START {
            if let Some(status) = self.child.try_wait()? {
                bail!("the data API ended while starting: {status}");
            }
            if self.url.is_empty() {
                let text = std::fs::read_to_string(log)?;
                announced(&text).unwrap_or_default().clone_into(&mut self.url);
            }
            // Until the schema cache is loaded, everything is 503.
            if !self.url.is_empty() && status_of_request(&self.url, "/").is_some_and(|status| status != 503) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!("the data API was not ready after {} s", START.as_secs())
    }
}

impl Drop for DataApi {
    fn drop(&mut self) {
        // It keeps nothing that a kill could damage.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn log_path(name: &str) -> Result<PathBuf> {
    let folder = workspace::target().join("xtask");
    std::fs::create_dir_all(&folder)?;
    Ok(folder.join(format!("rest-{name}.log")))
}

/// The URL in a line that is complete.
fn announced(log: &str) -> Option<&str> {
    let (_, rest) = log.split_once(ANNOUNCEMENT)?;
    let (url, _) = rest.split_once('\n')?;
    Some(url.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_announcement_is_read_when_it_is_complete() {
        assert_eq!(announced("x\ndata API on http://127.0.0.1:1"), None);
        assert_eq!(
            announced("x\ndata API on http://127.0.0.1:12\n"),
            Some("http://127.0.0.1:12")
        );
    }
}
