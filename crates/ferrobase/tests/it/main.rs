//! The program as a person meets it: help, usage errors, `init`, and what it says when nothing runs.
#![allow(clippy::unwrap_used)]

mod gen_keys;
mod help;
mod idle;
mod init;
mod workflow;

use std::path::Path;
use std::process::{Command, Output};

/// Runs the program in `folder` with an environment of its own.
fn ferrobase(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ferrobase"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
