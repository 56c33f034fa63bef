//! One PostgreSQL server process, from spawn to exit.
//!
//! A thread of its own spawns the process, watches its start and waits for its end. It must be one thread for all of
//! this, because the kernel's signal at the parent's death comes when the *spawning thread* ends (`parent_death.rs`);
//! threads of a runtime's pool end when they are idle.

use std::{
    fmt, io,
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::{sync::watch, time::timeout};

use crate::{
    account::Account,
    initdb::environment,
    log::LogTail,
    parent_death,
    pid_file::PidFile,
    processes, scheduling,
    takeover::{PATIENCE, SHORT_PATIENCE},
};

/// How PostgreSQL ended.
#[derive(Debug, Clone)]
pub struct Exit {
    /// In words, such as `signal: 9 (SIGKILL)`.
    pub status: String,
    /// The last lines of its log, oldest first.
    pub log: Vec<String>,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.status)?;
        self.log.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl Exit {
    pub(crate) fn said(&self, text: &str) -> bool {
        self.log.iter().any(|line| line.contains(text))
    }
}

/// How to run a server.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) data_dir: PathBuf,
    /// Settings of this start alone; they win over every file.
    pub(crate) settings: Vec<(&'static str, String)>,
    pub(crate) account: Account,
}

#[derive(Debug, Clone)]
enum Phase {
    Starting,
    Ready,
    Gone(Exit),
}

/// A server process. Dropping it asks the server to shut down, without waiting.
#[derive(Debug)]
pub(crate) struct Postmaster {
    shared: Arc<Shared>,
    phase: watch::Receiver<Phase>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Set before we ask the server to end, so that its end is not taken for an accident.
    deliberate: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    /// The process as long as it is not reaped: after that the number may be somebody else's.
    pid: Option<Pid>,
    cancelled: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.state().pid {
            let _ = kill_process(pid, signal);
        }
    }
}

impl Postmaster {
    /// Starts the owning thread. `keep` lives until the process has ended: the data directory's lock is in it.
    pub(crate) fn begin(launch: Launch, keep: impl Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (sender, phase) = watch::channel(Phase::Starting);
        let owned = Arc::clone(&shared);
        thread::Builder::new()
            .name("postgres-owner".to_owned())
            .spawn(move || {
                scheduling::children_wait_their_turn();
                let exit = own(&launch, &owned, &sender);
                drop(keep);
                sender.send_replace(Phase::Gone(exit));
            })?;
        Ok(Self { shared, phase })
    }

    /// Waits until the server takes connections, or has ended. Recovery after a crash may take long.
    pub(crate) async fn ready(&self) -> Result<(), Exit> {
        let mut phase = self.phase.clone();
        let reached = phase.wait_for(|phase| !matches!(phase, Phase::Starting)).await;
        match reached.as_deref() {
            Ok(Phase::Gone(exit)) => Err(exit.clone()),
            Ok(_) => Ok(()),
            Err(_) => Err(lost()),
        }
    }

    /// Resolves when the process has ended, for whatever reason.
    pub(crate) async fn gone(&self) -> Exit {
        gone(self.phase.clone()).await
    }

    /// Resolves when the process has ended although nobody asked it to.
    pub(crate) fn died(&self) -> impl Future<Output = Exit> + Send + use<> {
        let (phase, shared) = (self.phase.clone(), Arc::clone(&self.shared));
        async move {
            let exit = gone(phase).await;
            if shared.deliberate.load(Ordering::Acquire) {
                return std::future::pending().await;
            }
            exit
        }
    }

    /// The process while it lives.
    pub(crate) fn pid(&self) -> Option<Pid> {
        self.shared.state().pid
    }

    /// Shuts the server down: sessions are ended and data written (SIGINT; never SIGTERM, which waits for sessions), then
    /// without writing data (SIGQUIT), at last by force. Waits for the end.
    pub(crate) async fn stop(&self, data_dir: PathBuf) -> Exit {
        self.cancel();
        if let Ok(exit) = timeout(PATIENCE, self.gone()).await {
            return exit;
        }
        tracing::warn!("PostgreSQL did not shut down in time: ending it without a checkpoint");
        self.shared.signal(Signal::QUIT);
        if let Ok(exit) = timeout(SHORT_PATIENCE, self.gone()).await {
            return exit;
        }
        // Children are groups of their own, so they are found by the directory they work in.
        let children = data_dir.canonicalize().map(|real| processes::all_serving(&real));
        self.shared.signal(Signal::KILL);
        for child in children.into_iter().flatten() {
            processes::signal(child, Signal::KILL);
        }
        self.gone().await
    }

    /// Asks for an orderly shutdown, also when the process has not been spawned yet.
    fn cancel(&self) {
        self.shared.deliberate.store(true, Ordering::Release);
        self.shared.state().cancelled = true;
        self.shared.signal(Signal::INT);
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        self.cancel();
    }
}

async fn gone(mut phase: watch::Receiver<Phase>) -> Exit {
    let reached = phase.wait_for(|phase| matches!(phase, Phase::Gone(_))).await;
    match reached.as_deref() {
        Ok(Phase::Gone(exit)) => exit.clone(),
        _ => lost(),
    }
}

/// The owning thread has gone without a word: it panicked, which it has no reason to.
fn lost() -> Exit {
    Exit {
        status: "its watching thread ended".to_owned(),
        log: Vec::new(),
    }
}

/// The owning thread's work.
fn own(launch: &Launch, shared: &Shared, phase: &watch::Sender<Phase>) -> Exit {
    let (mut child, pid) = {
        // Spawning under the lock: a cancellation comes either before it or finds the process.
        let mut state = shared.state();
        if state.cancelled {
            return Exit {
                status: "stopped before its start".to_owned(),
                log: Vec::new(),
            };
        }
        match spawn(launch) {
            Ok(spawned) => {
                state.pid = Some(spawned.1);
                spawned
            }
            Err(error) => {
                let status = format!("could not run {}: {error}", launch.program.display());
                return Exit {
                    status,
                    log: Vec::new(),
                };
            }
        }
    };
    let tail = child.stderr.take().and_then(|pipe| LogTail::follow(pipe).ok());
    let tail = tail.unwrap_or_else(LogTail::none);
    let early = watch_start(launch, shared, &mut child, pid);
    let status = early.unwrap_or_else(|| {
        phase.send_replace(Phase::Ready);
        wait_for_end(pid);
        reap(shared, &mut child)
    });
    let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
    Exit {
        status,
        log: tail.last_lines(),
    }
}

fn spawn(launch: &Launch) -> io::Result<(Child, Pid)> {
    let mut command = Command::new(&launch.program);
    command.arg("-D").arg(&launch.data_dir);
    for (name, value) in &launch.settings {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    command
        .env_clear()
        .envs(environment())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // Ctrl-C in a terminal is for us; we end the server after the requests that still need it.
        .process_group(0);
    launch.account.apply(&mut command);
    parent_death::signal_when_parent_dies(&mut command, Signal::INT);
    let child = command.spawn()?;
    let pid = Pid::from_child(&child);
    Ok((child, pid))
}

/// Returns the exit status if the server ends before it is ready.
fn watch_start(
    launch: &Launch,
    shared: &Shared,
    child: &mut Child,
    pid: Pid,
) -> Option<io::Result<ExitStatus>> {
    let begin = Instant::now();
    loop {
        if PidFile::read(&launch.data_dir).is_some_and(|file| file.is_ready(pid)) {
            return None;
        }
        {
            let mut state = shared.state();
            if let Some(ended) = child.try_wait().transpose() {
                state.pid = None;
                return Some(ended);
            }
        }
        // A start takes some twenty milliseconds; what takes longer is recovery, which nobody needs to watch so closely.
        let long = begin.elapsed() > Duration::from_secs(1);
        processes::pause(Duration::from_millis(if long { 10 } else { 1 }));
    }
}

/// Waits without reaping, so that the pid stays ours until the lock is held.
fn wait_for_end(pid: Pid) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while matches!(waitid(WaitId::Pid(pid), options), Err(rustix::io::Errno::INTR)) {}
}

fn reap(shared: &Shared, child: &mut Child) -> io::Result<ExitStatus> {
    let mut state = shared.state();
    state.pid = None;
    child.wait()
}
