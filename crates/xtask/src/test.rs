//! `cargo xtask test`: every suite, one summary.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::conformance::Service;
use crate::process::{count_after, count_before, is_there, stream};
use crate::suite::{Outcome, summary};
use crate::{conformance, house, workspace};

/// What to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Run only these suites.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Suite>,
    /// How often each kind of crash is tried.
    #[arg(long, default_value_t = 3)]
    crash_rounds: u32,
}

/// The suites, in the order in which they run: the quick ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// `cargo fmt --check`.
    Fmt,
    /// Who may import whom.
    House,
    /// Licences, bans and sources, where cargo-deny is installed.
    Deny,
    /// `cargo clippy`, warnings denied.
    Clippy,
    /// The tests of the workspace.
    Rust,
    /// The official client against the release binary.
    E2e,
    /// kill -9 under load.
    Crash,
    /// Recorded HTTP cases of Auth, when they are beside the project.
    AuthCases,
    /// Recorded HTTP cases of the data API, when they are beside the project.
    RestCases,
    /// Recorded HTTP cases of Storage, when they are beside the project.
    StorageCases,
    /// The same with the bytes in another server's bucket.
    StorageS3Cases,
}

impl Suite {
    fn needs_binary(self) -> bool {
        matches!(
            self,
            Self::E2e
                | Self::Crash
                | Self::AuthCases
                | Self::RestCases
                | Self::StorageCases
                | Self::StorageS3Cases
        )
    }

    fn needs_node(self) -> bool {
        matches!(self, Self::E2e | Self::Crash)
    }
}

/// Runs the chosen suites; true when all are green.
pub(crate) fn run(options: &Options) -> bool {
    let chosen: Vec<Suite> = Suite::value_variants()
        .iter()
        .copied()
        .filter(|suite| options.only.is_empty() || options.only.contains(suite))
        .collect();
    let mut outcomes = Vec::new();
    let mut binary_built = None;
    let mut node_ready = None;
    for suite in chosen {
        title(name(suite));
        if suite.needs_binary() {
            let built = *binary_built.get_or_insert_with(|| build(&mut outcomes));
            if !built {
                outcomes.push(Outcome::skipped(name(suite), "no release binary"));
                continue;
            }
        }
        if suite.needs_node() && !*node_ready.get_or_insert_with(|| install(&mut outcomes)) {
            outcomes.push(Outcome::skipped(name(suite), "npm ci failed"));
            continue;
        }
        let start = Instant::now();
        let outcome = one(suite, options).unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Outcome {
                remark: format!("{error:#}"),
                ..Outcome::single(name(suite), false)
            }
        });
        outcomes.push(outcome.since(start));
    }
    summary(&outcomes)
}

fn name(suite: Suite) -> &'static str {
    match suite {
        Suite::Fmt => "fmt",
        Suite::House => "house",
        Suite::Deny => "deny",
        Suite::Clippy => "clippy",
        Suite::Rust => "rust",
        Suite::E2e => "e2e",
        Suite::Crash => "crash",
        Suite::AuthCases => Service::Auth.suite(),
        Suite::RestCases => Service::Rest.suite(),
        Suite::StorageCases => Service::Storage.suite(),
        Suite::StorageS3Cases => Service::StorageS3.suite(),
    }
}

fn one(suite: Suite, options: &Options) -> Result<Outcome> {
    match suite {
        Suite::Fmt => cargo(suite, &["fmt", "--all", "--check"]),
        Suite::Clippy => cargo(
            suite,
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--",
                "-D",
                "warnings",
            ],
        ),
        Suite::House => house::run(),
        Suite::Deny => deny(),
        Suite::Rust => rust(),
        Suite::E2e => e2e(),
        Suite::Crash => crash(options.crash_rounds),
        Suite::AuthCases => conformance::replay(Service::Auth, &conformance::Options::for_test()),
        Suite::RestCases => conformance::replay(Service::Rest, &conformance::Options::for_test()),
        Suite::StorageCases => conformance::replay(Service::Storage, &conformance::Options::for_test()),
        Suite::StorageS3Cases => conformance::replay(Service::StorageS3, &conformance::Options::for_test()),
    }
}

fn title(text: &str) {
    println!("\n=== {text}");
}

fn cargo(suite: Suite, arguments: &[&str]) -> Result<Outcome> {
    let passed = stream(workspace::cargo().args(arguments), |_| {})?;
    Ok(Outcome::single(name(suite), passed))
}

fn build(outcomes: &mut Vec<Outcome>) -> bool {
    let start = Instant::now();
    let built = workspace::build_binary().unwrap_or(false);
    outcomes.push(Outcome::single("build", built).since(start));
    built
}

fn deny() -> Result<Outcome> {
    if !is_there(workspace::cargo().args(["deny", "--version"])) {
        return Ok(Outcome::skipped("deny", "cargo-deny is not installed"));
    }
    cargo(
        Suite::Deny,
        &["deny", "--locked", "check", "bans", "licenses", "sources"],
    )
}

/// The tests of the workspace: with cargo-nextest where it is installed, else with `cargo test`; then those in the documentation.
fn rust() -> Result<Outcome> {
    let mut outcome = Outcome {
        name: "rust".to_owned(),
        ..Outcome::default()
    };
    let mut green = true;
    if is_there(workspace::cargo().args(["nextest", "--version"])) {
        let mut command = workspace::cargo();
        command.args([
            "nextest",
            "run",
            "--workspace",
            "--locked",
            "--no-fail-fast",
            "--no-tests",
            "pass",
        ]);
        let mut last = String::new();
        green &= stream(&mut command, |line| {
            if line.contains("Summary [") {
                line.clone_into(&mut last);
            }
        })?;
        for (word, field) in nextest_fields(&mut outcome) {
            *field += count_before(&last, word).unwrap_or(0);
        }
        green &= libtest(
            &mut outcome,
            &["test", "--workspace", "--locked", "--no-fail-fast", "--doc"],
        )?;
    } else {
        green &= libtest(
            &mut outcome,
            &["test", "--workspace", "--locked", "--no-fail-fast"],
        )?;
    }
    Ok(at_least_one_failure(outcome, green))
}

fn nextest_fields(outcome: &mut Outcome) -> [(&'static str, &mut u64); 3] {
    [
        ("passed", &mut outcome.passed),
        ("failed", &mut outcome.failed),
        ("skipped", &mut outcome.skipped),
    ]
}

fn libtest(outcome: &mut Outcome, arguments: &[&str]) -> Result<bool> {
    stream(workspace::cargo().args(arguments), |line| {
        if line.starts_with("test result:") {
            outcome.passed += count_before(line, "passed").unwrap_or(0);
            outcome.failed += count_before(line, "failed").unwrap_or(0);
            outcome.skipped += count_before(line, "ignored").unwrap_or(0);
        }
    })
}

/// Installs the packages of the e2e project, among them the Node.js that runs it.
fn install(outcomes: &mut Vec<Outcome>) -> bool {
    let start = Instant::now();
    let mut command = Command::new("npm");
    command
        .args(["ci", "--no-audit", "--no-fund", "--loglevel", "error"])
        .current_dir(workspace::root().join("e2e"));
    let installed = stream(&mut command, |_| {}).unwrap_or(false);
    outcomes.push(Outcome::single("npm ci", installed).since(start));
    installed
}

/// The Node.js that the e2e project brings along: the client needs a newer one than Debian has.
fn node() -> Command {
    let folder = workspace::root().join("e2e");
    let mut command = Command::new(folder.join("node_modules/node/bin/node"));
    command
        .current_dir(folder)
        .env("FERROBASE_BIN", workspace::binary())
        .env("NO_COLOR", "1");
    command
}

fn e2e() -> Result<Outcome> {
    let mut outcome = Outcome {
        name: "e2e".to_owned(),
        ..Outcome::default()
    };
    // What earlier runs left must not count for this one.
    let called = workspace::root().join("target/e2e/called");
    if called.exists() {
        std::fs::remove_dir_all(&called).context("target/e2e/called")?;
    }
    let mut green = node_tests(&mut outcome, &e2e_files(&["kit", "suites", "fuzz", "browser"])?)?;
    // These judge what the others called.
    green &= node_tests(&mut outcome, &e2e_files(&["reference"])?)?;
    Ok(at_least_one_failure(outcome, green))
}

fn node_tests(outcome: &mut Outcome, files: &[String]) -> Result<bool> {
    let mut command = node();
    command
        .args(["--test", "--test-reporter=spec", "--test-concurrency=1"])
        .args(files);
    stream(&mut command, |line| {
        if line.starts_with("ℹ ") || line.starts_with("# ") {
            outcome.passed += count_after(line, "pass").unwrap_or(0);
            outcome.failed +=
                count_after(line, "fail").unwrap_or(0) + count_after(line, "cancelled").unwrap_or(0);
            outcome.skipped += count_after(line, "skipped").unwrap_or(0);
        }
    })
}

/// Every `*.test.mjs` in these folders of `e2e/`, sorted, so that a new file needs no entry anywhere.
fn e2e_files(folders: &[&str]) -> Result<Vec<String>> {
    let root = workspace::root().join("e2e");
    let mut files = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(root.join(folder)).with_context(|| format!("e2e/{folder}"))?;
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".test.mjs") {
                files.push(format!("{folder}/{name}"));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn crash(rounds: u32) -> Result<Outcome> {
    let mut outcome = Outcome {
        name: "crash".to_owned(),
        ..Outcome::default()
    };
    let mut green = true;
    let files: [&[&str]; 5] = [
        &["crash/kill.mjs"],
        &["crash/storage.mjs"],
        &["crash/parts.mjs"],
        // A round waits until the store's clock says that a dead process's blobs are nobody's.
        &["crash/storage.mjs", "--remote", "--rounds", "1"],
        &["crash/parts.mjs", "--remote", "--rounds", "1"],
    ];
    for file in files {
        let (script, further) = file.split_first().context("a script")?;
        let mut command = node();
        command
            .args([script, "--rounds", &rounds.to_string()])
            .args(further);
        let (mut passed, mut failed) = (0, 0);
        green &= stream(&mut command, |line| {
            if let (Some(good), Some(bad)) = (count_before(line, "passed"), count_before(line, "failed")) {
                (passed, failed) = (good, bad);
            }
        })?;
        outcome.passed += passed;
        outcome.failed += failed;
    }
    Ok(at_least_one_failure(outcome, green))
}

/// A runner that failed without counting a failure (it could not start, it crashed) still counts as one.
fn at_least_one_failure(mut outcome: Outcome, green: bool) -> Outcome {
    if !green && outcome.failed == 0 {
        outcome.failed = 1;
        "the runner itself failed".clone_into(&mut outcome.remark);
    }
    outcome
}
