//! `ferrobase start`: the backend in the foreground.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ferrobase_config::{Config, LoadOptions};
use ferrobase_server::{Running, StartOptions};

use crate::failure::Failure;
use crate::logging::LogArgs;
use crate::signals::Endings;
use crate::{endpoints, printer};

/// Log filter of a server: what a person operating it wants to see.
const LOG_FILTER: &str = "warn,ferrobase=info";

/// Start the backend in the foreground (Ctrl-C stops everything it started)
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ferrobase start\n  ferrobase start --port 8000 --host 0.0.0.0\n  ferrobase start --db-url postgresql://postgres:secret@db.example.com/postgres\n  ferrobase start --detach"
)]
pub(crate) struct Args {
    /// Use this PostgreSQL server instead of a managed one; the environment variable DATABASE_URL does the same
    #[arg(long, value_name = "URL")]
    pub(crate) db_url: Option<String>,

    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, value_name = "IP")]
    pub(crate) host: Option<IpAddr>,

    /// Port of the API, 0 for any free one [default: api.port of config.toml, else 54321]
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,

    /// Start in the background; `ferrobase stop` ends it
    #[arg(long, conflicts_with = "ephemeral")]
    pub(crate) detach: bool,

    /// Temporary data and free ports; everything is gone at the end
    #[arg(long, conflicts_with = "db_url")]
    pub(crate) ephemeral: bool,

    #[command(flatten)]
    pub(crate) log: LogArgs,

    /// The background half of --detach
    #[arg(long, hide = true, conflicts_with = "detach")]
    pub(crate) own_session: bool,
}

/// Runs until a signal or a failure ends it.
pub(crate) async fn run(args: Args, workdir: PathBuf) -> Result<ExitCode, Failure> {
    args.log.install(LOG_FILTER);
    if args.own_session {
        // Leaves the terminal. It fails when this process already leads a group; then there is nothing to leave.
        let _ = rustix::process::setsid();
    }
    if !args.ephemeral {
        refuse_second(&workdir)?;
    }
    let config = Config::load(&LoadOptions::from_process(&workdir))?;
    let db_url = args
        .db_url
        .or_else(|| if args.ephemeral { None } else { database_url() });
    let options = StartOptions {
        workdir,
        db_url,
        host: args.host,
        port: args.port,
        ephemeral: args.ephemeral,
    };

    let mut endings = Endings::listen()?;
    let running = tokio::select! {
        running = ferrobase_server::serve(config.clone(), options) => running?,
        _ = endings.next() => return Err(Failure::new("interrupted before it was up")),
    };
    for notice in config.notices() {
        printer::warning(notice);
    }
    printer::table(&endpoints::rows(running.endpoints()));
    until_the_end(running, &mut endings).await
}

/// Waits for a signal or a failure, then stops in order. A second signal ends at once; the next start recovers.
async fn until_the_end(running: Running, endings: &mut Endings) -> Result<ExitCode, Failure> {
    let failed = tokio::select! {
        error = running.failed() => Some(Failure::caused("the backend failed", &error)),
        _ = endings.next() => None,
    };
    if failed.is_none() {
        printer::note("stopping (once more to stop at once)");
    }
    tokio::select! {
        () = running.stop() => {}
        _ = endings.next() => return Err(Failure::new("stopped at once, without waiting for requests")),
    }
    failed.map_or(Ok(ExitCode::SUCCESS), Err)
}

/// Two processes of one project would fight over its ports and data.
pub(crate) fn refuse_second(workdir: &Path) -> Result<(), Failure> {
    match ferrobase_server::read_state(workdir) {
        Some(state) => Err(Failure::new(format!(
            "this project is already running (process {}, {})",
            state.pid, state.endpoints.api_url
        ))
        .hint("stop it with `ferrobase stop`, or look at it with `ferrobase status`")),
        None => Ok(()),
    }
}

/// `DATABASE_URL` of the process only: in a project's `.env` it usually belongs to the app and names this very backend.
fn database_url() -> Option<String> {
    std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty())
}
