//! Tasks of the project itself: `cargo xtask test` runs everything that has to be green before a change lands.
//!
//! One file per task: [`house`] checks who imports whom and the house rules, [`test`] runs all suites,
//! [`conformance`] replays recorded HTTP cases against the release binary.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's command line tool talks to its terminal"
)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod conformance;
mod house;
mod process;
mod server;
mod suite;
mod test;
mod workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the ferrobase project")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check who may import whom, and the rules for files.
    House,
    /// Run every suite and print one summary. Example: `cargo xtask test --only fmt,rust`
    Test(test::Options),
    /// Replay the recorded HTTP cases beside the project against the release binary.
    Conformance(conformance::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::House => house::run().map(|outcome| outcome.report()),
        Task::Test(options) => Ok(test::run(&options)),
        Task::Conformance(options) => conformance::run(&options).map(|outcomes| suite::summary(&outcomes)),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
