//! `ferrobase start --detach`: starts this program once more in a session of its own and waits until it answers.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use ferrobase_server::ServerState;
use rustix::process::{Pid, Signal, kill_process};

use crate::commands::start::{Args, refuse_second};
use crate::failure::Failure;
use crate::logging::LogFormat;
use crate::{endpoints, health, printer};

/// Longest wait for the background process. The first start may have to fetch and create a database.
const START_LIMIT: Duration = Duration::from_mins(3);

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Lines of the log shown after a failed start.
const TAIL_LINES: usize = 20;

/// Bytes of the log that are searched for these lines.
const TAIL_BYTES: u64 = 16 * 1024;

/// Starts it, waits, prints the table.
pub(crate) fn run(args: &Args, workdir: &Path) -> Result<ExitCode, Failure> {
    refuse_second(workdir)?;
    let (path, log) = open_log(workdir)?;
    let from = log.metadata().map_or(0, |data| data.len());
    let mut child = spawn(args, workdir, log)?;
    let deadline = Instant::now() + START_LIMIT;
    loop {
        if let Some(state) = ready(workdir, &child) {
            printer::table(&endpoints::rows(&state.endpoints));
            printer::note(format_args!(
                "running in the background as process {}, log in {}",
                child.id(),
                path.display()
            ));
            return Ok(ExitCode::SUCCESS);
        }
        let failure = match child.try_wait() {
            Ok(Some(status)) => {
                Failure::new(format!("the background process ended during start-up ({status})"))
            }
            Ok(None) if Instant::now() >= deadline => {
                give_up(&child);
                Failure::new(format!(
                    "it does not answer after {} seconds",
                    START_LIMIT.as_secs()
                ))
            }
            Ok(None) => {
                pause();
                continue;
            }
            Err(error) => Failure::caused("lost the background process", &error),
        };
        for line in tail(&path, from) {
            printer::note(line);
        }
        return Err(failure.hint(format!("the log is in {}", path.display())));
    }
}

fn spawn(args: &Args, workdir: &Path, log: File) -> Result<Child, Failure> {
    let cannot = |error: std::io::Error| Failure::caused("cannot start in the background", &error);
    let program = std::env::current_exe().map_err(cannot)?;
    let second = log.try_clone().map_err(cannot)?;
    let mut command = Command::new(program);
    command
        .arg("--workdir")
        .arg(workdir)
        .args(["start", "--own-session"]);
    if let Some(url) = &args.db_url {
        command.args(["--db-url", url]);
    }
    if let Some(host) = args.host {
        command.args(["--host", &host.to_string()]);
    }
    if let Some(port) = args.port {
        command.args(["--port", &port.to_string()]);
    }
    let format = if args.log.log_format == LogFormat::Json {
        "json"
    } else {
        "pretty"
    };
    command.args(["--log-format", format]);
    if args.log.verbose {
        command.arg("--verbose");
    }
    command
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(second)
        .spawn()
        .map_err(cannot)
}

/// The state of our child, once it serves.
fn ready(workdir: &Path, child: &Child) -> Option<ServerState> {
    ferrobase_server::read_state(workdir)
        .filter(|state| state.pid == child.id() && health::answers(&state.endpoints.api_url))
}

/// Asks a child that never got ready to stop; it cleans up by itself.
fn give_up(child: &Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::TERM);
    }
}

fn pause() {
    #[allow(clippy::disallowed_methods, reason = "there is no runtime in this command")]
    std::thread::sleep(LOOK_EVERY);
}

fn open_log(workdir: &Path) -> Result<(PathBuf, File), Failure> {
    let folder = ferrobase_server::state_dir(workdir).join("logs");
    let path = folder.join("ferrobase.log");
    let log = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .and_then(|()| {
            OpenOptions::new()
                .create(true)
                .append(true)
                .mode(0o600)
                .open(&path)
        })
        .map_err(|error| Failure::caused(&format!("cannot write {}", path.display()), &error))?;
    Ok((path, log))
}

/// The last lines written since `from`.
fn tail(path: &Path, from: u64) -> Vec<String> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let end = file.metadata()?.len();
        file.seek(SeekFrom::Start(from.max(end.saturating_sub(TAIL_BYTES))))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].to_vec()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_starts_after_earlier_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let old = "old\n";
        let new: Vec<String> = (0..30).map(|number| number.to_string()).collect();
        std::fs::write(&path, format!("{old}{}\n", new.join("\n"))).unwrap();
        let lines = tail(&path, old.len() as u64);
        assert_eq!(
            (lines.len(), lines[0].as_str(), lines[19].as_str()),
            (20, "10", "29")
        );
        assert!(tail(&folder.path().join("missing"), 0).is_empty());
    }
}
