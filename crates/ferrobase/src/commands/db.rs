//! `ferrobase db`: the database of this project.

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;

use crate::failure::Failure;
use crate::{printer, project};

mod diff;
mod dump;
mod reset;

/// Work with the database of this project
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  psql \"$(ferrobase db url)\"\n  ferrobase db reset\n  ferrobase db diff -f add_todos\n  ferrobase db dump -f schema.sql",
    arg_required_else_help = true
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: DbCommand,
}

#[derive(Debug, Subcommand)]
enum DbCommand {
    /// Print the URL of the running database
    #[command(after_help = "Example:\n  psql \"$(ferrobase db url)\"")]
    Url,
    Reset(reset::Args),
    Dump(dump::Args),
    Diff(diff::Args),
}

/// Dispatches.
pub(crate) async fn run(args: Args, workdir: &Path) -> Result<ExitCode, Failure> {
    match args.command {
        DbCommand::Url => {
            let state = ferrobase_server::read_state(workdir).ok_or_else(|| project::not_running(workdir))?;
            printer::line(state.endpoints.db_url);
            Ok(ExitCode::SUCCESS)
        }
        DbCommand::Reset(args) => reset::run(&args, workdir).await,
        DbCommand::Dump(args) => dump::run(args, workdir).await,
        DbCommand::Diff(args) => diff::run(&args, workdir).await,
    }
}
