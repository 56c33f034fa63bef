//! `ferrobase stop`: ends the backend of this project.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::failure::Failure;
use crate::{printer, project};

/// Longest wait: the drain of requests and the shutdown of the database, both bounded, fit in.
const STOP_LIMIT: Duration = Duration::from_secs(40);

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Stop the backend of this project
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  ferrobase stop")]
pub(crate) struct Args {}

/// Sends SIGTERM to the process that the state file names and waits until it is gone.
pub(crate) fn run(_: &Args, workdir: &Path) -> Result<ExitCode, Failure> {
    let state = ferrobase_server::read_state(workdir).ok_or_else(|| project::not_running(workdir))?;
    let pid = i32::try_from(state.pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| Failure::new(format!("the state file names no process ({})", state.pid)))?;
    kill_process(pid, Signal::TERM)
        .map_err(|error| Failure::caused(&format!("cannot signal process {}", state.pid), &error))?;
    let deadline = Instant::now() + STOP_LIMIT;
    while runs(workdir, state.pid, pid) {
        if Instant::now() >= deadline {
            return Err(Failure::new(format!(
                "process {} is still there after {} seconds",
                state.pid,
                STOP_LIMIT.as_secs()
            ))
            .hint(format!(
                "end it with `kill -9 {}`; the next start recovers",
                state.pid
            )));
        }
        #[allow(clippy::disallowed_methods, reason = "there is no runtime in this command")]
        std::thread::sleep(LOOK_EVERY);
    }
    printer::note("stopped");
    Ok(ExitCode::SUCCESS)
}

/// A process that ended but was not waited for yet still takes signals, so the state file is asked too.
fn runs(workdir: &Path, number: u32, pid: Pid) -> bool {
    test_kill_process(pid).is_ok()
        && ferrobase_server::read_state(workdir).is_some_and(|state| state.pid == number)
}
