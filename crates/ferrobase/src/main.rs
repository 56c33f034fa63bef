//! `ferrobase`: parses the command line and hands over to one file of `commands/`.
//!
//! Exit codes: 0 fine, 1 failed, 2 wrong usage; `run` passes on the code of its command.

use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

/// A tenth of a small request's time went into the system's allocator; this one needs half of that, for some MB more when idle.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod commands;
mod endpoints;
mod failure;
mod health;
mod logging;
mod printer;
mod project;
mod signals;

use failure::Failure;

/// Threads for file access and password hashing. Few, because each keeps its stack while idle.
const BLOCKING_THREADS: usize = 16;

/// Stack of every thread, in bytes.
const STACK_SIZE: usize = 1024 * 1024;

/// A Supabase-compatible backend in one process
#[derive(Debug, Parser)]
#[command(
    name = "ferrobase",
    version,
    arg_required_else_help = true,
    after_help = "Examples:\n  ferrobase init\n  ferrobase start\n  ferrobase run -- npm test"
)]
struct Cli {
    /// Project folder, the one that holds supabase/ [default: the nearest one at or above the current folder]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "FERROBASE_WORKDIR",
        hide_env_values = true
    )]
    workdir: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(commands::init::Args),
    Start(commands::start::Args),
    Stop(commands::stop::Args),
    Status(commands::status::Args),
    Run(commands::run::Args),
    Db(commands::db::Args),
    Migration(commands::migration::Args),
    Gen(commands::generate::Args),
    Rest(commands::rest::Args),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return printer::usage(&error),
    };
    match dispatch(cli) {
        Ok(code) => code,
        Err(failure) => {
            printer::failure(&failure);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> Result<ExitCode, Failure> {
    let workdir = project::find(cli.workdir.as_deref())?;
    match cli.command {
        Command::Init(args) => commands::init::run(&args, &workdir),
        Command::Start(args) if args.detach => commands::detach::run(&args, &workdir),
        Command::Start(args) => on_runtime(commands::start::run(args, workdir)),
        Command::Stop(args) => commands::stop::run(&args, &workdir),
        Command::Status(args) => commands::status::run(&args, &workdir),
        Command::Run(args) => on_runtime(commands::run::run(args, workdir)),
        Command::Db(args) => on_runtime(commands::db::run(args, &workdir)),
        Command::Migration(args) => on_runtime(commands::migration::run(args, &workdir)),
        Command::Gen(args) => on_runtime(commands::generate::run(args, &workdir)),
        Command::Rest(args) => on_runtime(commands::rest::run(args)),
    }
}

/// Runs `work` on a runtime of modest size. What is still running at the end is left behind, so that a second Ctrl-C ends at once.
fn on_runtime(work: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = runtime().map_err(|error| Failure::caused("cannot start the runtime", &error))?;
    let result = runtime.block_on(work);
    runtime.shutdown_background();
    result
}

fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, NonZero::get))
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_stack_size(STACK_SIZE)
        .thread_name("ferrobase")
        .enable_all()
        .build()
}
