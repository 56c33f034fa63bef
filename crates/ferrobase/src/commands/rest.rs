//! `ferrobase rest`: the data API alone.

use std::net::IpAddr;
use std::process::ExitCode;

use ferrobase_server::{DataApiOptions, serve_data_api};
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;
use crate::logging::LogArgs;
use crate::printer;
use crate::signals::Endings;

/// Log filter of the data API.
const LOG_FILTER: &str = "warn,ferrobase=info";

/// Serve only the data API, with PostgREST's settings (PGRST_*)
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  export PGRST_DB_ANON_ROLE=anon\n  ferrobase rest --db-url postgresql://authenticator:secret@localhost/app"
)]
pub(crate) struct Args {
    /// The database [default: PGRST_DB_URI]
    #[arg(long, value_name = "URL")]
    db_url: Option<String>,

    /// Address to listen on [default: PGRST_SERVER_HOST, else 127.0.0.1]
    #[arg(long, value_name = "IP")]
    host: Option<IpAddr>,

    /// Port, 0 for any free one [default: PGRST_SERVER_PORT, else 3000]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    #[command(flatten)]
    log: LogArgs,
}

/// SIGUSR1 and SIGUSR2: PostgREST loads its schema cache again on the one and its settings on the other. Here they are
/// always loaded together.
#[cfg(unix)]
struct Reloads {
    schema: Signal,
    settings: Signal,
}

#[cfg(unix)]
impl Reloads {
    /// From here on the two no longer end the process.
    fn listen() -> Result<Self, Failure> {
        let open = |kind| signal(kind).map_err(|error| Failure::caused("cannot listen for signals", &error));
        Ok(Self {
            schema: open(SignalKind::user_defined1())?,
            settings: open(SignalKind::user_defined2())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.schema.recv() => {}
            _ = self.settings.recv() => {}
        }
    }
}

/// Runs until a signal ends it.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    args.log.install(LOG_FILTER);
    let mut endings = Endings::listen()?;
    #[cfg(unix)]
    let mut reloads = Reloads::listen()?;
    let options = DataApiOptions {
        db_url: args.db_url,
        host: args.host,
        port: args.port,
    };
    let running = serve_data_api(options, std::env::vars()).await?;
    printer::note(format!("data API on http://{}", running.address));
    if let Some(address) = running.admin_address {
        printer::note(format!("administration on http://{address}"));
    }
    #[cfg(unix)]
    let reloading = async {
        loop {
            reloads.next().await;
            running.reload();
        }
    };
    #[cfg(not(unix))]
    let reloading = std::future::pending::<()>();
    tokio::select! {
        _ = endings.next() => {}
        () = reloading => {}
    }
    tokio::select! {
        () = running.stop() => {}
        _ = endings.next() => {}
    }
    Ok(ExitCode::SUCCESS)
}
