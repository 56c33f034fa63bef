//! `ferrobase run -- CMD…`: an ephemeral backend around one command.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};

use ferrobase_config::{Config, LoadOptions};
use ferrobase_server::{Running, StartOptions};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::failure::Failure;
use crate::logging::LogArgs;
use crate::signals::{Ending, Endings};
use crate::{endpoints, printer};

/// Log filter: the output belongs to the command.
const LOG_FILTER: &str = "warn";

/// Run a command with an ephemeral backend around it
///
/// Starts a backend with temporary data on free ports, sets SUPABASE_URL, SUPABASE_ANON_KEY, SUPABASE_SERVICE_ROLE_KEY,
/// SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY, SUPABASE_JWT_SECRET, SUPABASE_DB_URL, DATABASE_URL, MAILPIT_URL and the names of
/// `ferrobase status -o env`, runs the command and exits with its code.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ferrobase run -- npm test\n  ferrobase run sh -c 'psql \"$DATABASE_URL\" -c \"select 1\"'"
)]
pub(crate) struct Args {
    #[command(flatten)]
    log: LogArgs,

    /// The command and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "CMD"
    )]
    command: Vec<OsString>,
}

/// Starts the backend, runs the command, stops the backend.
pub(crate) async fn run(args: Args, workdir: PathBuf) -> Result<ExitCode, Failure> {
    args.log.install(LOG_FILTER);
    let config = Config::load(&LoadOptions::from_process(&workdir))?;
    let options = StartOptions {
        workdir,
        db_url: None,
        host: None,
        port: None,
        ephemeral: true,
    };
    let mut endings = Endings::listen()?;
    let running = tokio::select! {
        running = ferrobase_server::serve(config.clone(), options) => running?,
        ending = endings.next() => return Ok(ExitCode::from(ending.exit_code())),
    };
    for notice in config.notices() {
        printer::warning(notice);
    }
    let result = supervise(&args.command, &running, &mut endings).await;
    running.stop().await;
    result.map(exit_code)
}

/// Runs the command to its end, passing signals on. When the backend fails meanwhile, the command is ended too.
async fn supervise(
    command: &[OsString],
    running: &Running,
    endings: &mut Endings,
) -> Result<ExitStatus, Failure> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Failure::new("no command given"));
    };
    let cannot =
        |error: std::io::Error| Failure::caused(&format!("cannot run {}", program.display()), &error);
    let environment = endpoints::environment(running.endpoints());
    let mut child = Command::new(program)
        .args(arguments)
        .envs(environment)
        .spawn()
        .map_err(cannot)?;
    loop {
        tokio::select! {
            status = child.wait() => return status.map_err(cannot),
            ending = endings.next() => forward(&child, ending),
            error = running.failed() => {
                forward(&child, Ending::Terminate);
                let _ = child.wait().await;
                return Err(Failure::caused("the backend failed", &error));
            }
        }
    }
}

/// Passes a signal on, except Ctrl-C on a terminal: that reaches the command directly.
fn forward(child: &Child, ending: Ending) {
    let signal = match ending {
        Ending::Interrupt if std::io::stdin().is_terminal() => return,
        Ending::Interrupt => Signal::INT,
        Ending::Terminate => Signal::TERM,
        Ending::Hangup => Signal::HUP,
    };
    if let Some(pid) = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw)
    {
        let _ = kill_process(pid, signal);
    }
}

/// The command's code; 128 and the signal's number when a signal ended it, as shells report it.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(1);
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}
