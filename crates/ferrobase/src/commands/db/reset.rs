//! `ferrobase db reset`: the database as a fresh start makes it.

use std::path::Path;
use std::process::ExitCode;

use ferrobase_config::{Config, LoadOptions};
use ferrobase_workflow::{Applier, Files, WorkflowConfig, reset};

use crate::commands::migration::tell;
use crate::failure::Failure;
use crate::{printer, project};

/// Drop everything in the running database, apply all migrations and the seed again
///
/// Users, objects, rows and roles of your own go too. Buckets of config.toml are made again by the next start.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ferrobase db reset\n  ferrobase db reset --version 20240101000000 --no-seed"
)]
pub(super) struct Args {
    /// Apply migrations up to this one only
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,

    /// Leave the seed out
    #[arg(long)]
    no_seed: bool,

    /// Of the backend that runs for this project; this is so without the flag, too
    #[arg(long, hide = true)]
    local: bool,
}

/// Resets the database of the running backend.
pub(super) async fn run(args: &Args, workdir: &Path) -> Result<ExitCode, Failure> {
    let state = ferrobase_server::read_state(workdir).ok_or_else(|| project::not_running(workdir))?;
    if state.socket.is_none() {
        return Err(
            Failure::new("this backend uses a server by URL, which is not reset")
                .hint("`supabase db reset --remote URL --yes` does that, if you mean it"),
        );
    }
    let config = Config::load(&LoadOptions::from_process(workdir))?;
    let mut files = Files::read(&WorkflowConfig::load(&config)?)?;
    if let Some(version) = &args.version {
        if !files
            .migrations
            .iter()
            .any(|migration| migration.version == *version)
        {
            return Err(Failure::new(format!("there is no migration {version}")));
        }
        files.migrations.retain(|migration| migration.version <= *version);
    }
    if args.no_seed {
        files.seeds.clear();
    }
    printer::note("Resetting local database...");
    reset(state.administration()).await?;
    Applier::connect(state.administration(), tell)
        .await?
        .fresh(&files)
        .await?;
    printer::note("Finished ferrobase db reset.");
    Ok(ExitCode::SUCCESS)
}
