//! `cargo xtask conformance`: recorded HTTP cases against the release binary.
//!
//! The cases are not part of the project: they are replayed when `../shared` is there. Each profile of the cases is a
//! set of settings; for each one a server is started with the `config.toml` that these settings mean. A case counts
//! once, whatever the number of profiles it runs in: it passes when it passed somewhere and failed nowhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;

use crate::process::stream;
use crate::server::Server;
use crate::suite::Outcome;
use crate::workspace;

mod floor;
mod settings;

use floor::Floor;

/// What to replay.
#[derive(Args)]
pub(crate) struct Options {
    /// Raise the floor in conformance/floor.json to what passed (it is never lowered).
    #[arg(long)]
    update_floor: bool,
    /// Replay the groups that are not part of the floor too (for a look ahead; they do not count).
    #[arg(long)]
    all_groups: bool,
    /// Only these profiles (the floor is not checked then).
    #[arg(long, value_delimiter = ',')]
    profiles: Vec<String>,
    /// Use the release binary as it is.
    #[arg(long)]
    no_build: bool,
}

impl Options {
    /// As `cargo xtask test` runs it, which has built the binary already.
    pub(crate) fn for_test() -> Self {
        Self {
            update_floor: false,
            all_groups: false,
            profiles: Vec::new(),
            no_build: true,
        }
    }
}

/// How a case fared over the profiles so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Skipped,
    Passed,
    Failed,
}

#[derive(Default)]
struct Tally {
    verdicts: BTreeMap<String, Verdict>,
    failures: BTreeMap<String, String>,
}

/// Replays the cases of the Auth service.
pub(crate) fn run(options: &Options) -> Result<Outcome> {
    let start = Instant::now();
    let folder = workspace::root().join("../shared/conformance/auth");
    if !folder.is_dir() {
        return Ok(Outcome::skipped(
            "conformance",
            "no recorded cases beside the project",
        ));
    }
    if !options.no_build && !workspace::build_binary()? {
        return Ok(Outcome {
            remark: "no release binary".to_owned(),
            ..Outcome::single("conformance", false)
        });
    }
    let floor_file = workspace::root().join("conformance/floor.json");
    let mut floor = Floor::read(&floor_file, "auth")?;
    let cases: Value = serde_json::from_slice(&std::fs::read(folder.join("auth-cases.json"))?)?;
    let profiles = cases
        .pointer("/meta/profiles")
        .and_then(Value::as_object)
        .context("the cases have no profiles")?;
    let mut tally = Tally::default();
    for (profile, tags) in profiles {
        if options.profiles.is_empty() || options.profiles.contains(profile) {
            println!("--- profile {profile}");
            replay(
                &folder,
                profile,
                &tags_of(tags),
                &floor,
                options.all_groups,
                &mut tally,
            )
            .with_context(|| format!("profile {profile}"))?;
        }
    }
    let outcome = judge(&tally, &floor, !options.profiles.is_empty() || options.all_groups);
    if options.update_floor && options.profiles.is_empty() && !options.all_groups {
        floor.raise(outcome.passed);
        floor.write(&floor_file)?;
    }
    Ok(outcome.since(start))
}

fn tags_of(tags: &Value) -> Vec<String> {
    let list = tags.as_array().map_or(&[][..], Vec::as_slice);
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Starts a server for one profile and runs the cases' own runner against it.
fn replay(
    folder: &Path,
    profile: &str,
    tags: &[String],
    floor: &Floor,
    all_groups: bool,
    tally: &mut Tally,
) -> Result<()> {
    let server = Server::start(&format!("conformance-{profile}"), &settings::config(tags))?;
    let report = report_path(profile)?;
    let mut command = Command::new("python3");
    command
        .arg(folder.join("run_auth_cases.py"))
        .args(["--profile", profile, "--base-url", server.value("API_URL")])
        .args([
            "--anon-key",
            server.value("ANON_KEY"),
            "--service-key",
            server.value("SERVICE_ROLE_KEY"),
        ])
        .args([
            "--db-url",
            server.value("DB_URL"),
            "--mail-url",
            server.value("MAILPIT_URL"),
        ])
        .arg("--report")
        .arg(&report);
    if !all_groups {
        command.arg("--groups").args(&floor.groups);
    }
    stream(&mut command, |_| {})?;
    let report: Value =
        serde_json::from_slice(&std::fs::read(&report).context("the runner wrote no report")?)?;
    tally.add(profile, &report);
    Ok(())
}

fn report_path(profile: &str) -> Result<PathBuf> {
    let folder = workspace::target().join("xtask");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("conformance-{profile}.json"));
    // A report of an earlier run must not pass for this one's.
    if path.exists() {
        std::fs::remove_file(&path)?;
    }
    Ok(path)
}

impl Tally {
    fn add(&mut self, profile: &str, report: &Value) {
        for id in ids(report, "skipped", |entry| entry.get("id")) {
            self.verdicts.entry(id).or_insert(Verdict::Skipped);
        }
        for id in ids(report, "passed", Some) {
            let verdict = self.verdicts.entry(id).or_insert(Verdict::Passed);
            if *verdict == Verdict::Skipped {
                *verdict = Verdict::Passed;
            }
        }
        for failure in report
            .get("failures")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let field = |name: &str| failure.get(name).map_or_else(String::new, Value::to_string);
            let Some(id) = failure.get("id").and_then(Value::as_str) else {
                continue;
            };
            self.verdicts.insert(id.to_owned(), Verdict::Failed);
            self.failures.entry(id.to_owned()).or_insert_with(|| {
                let what = failure.get("what").and_then(Value::as_str).unwrap_or_default();
                format!(
                    "{profile}, step {}: {what}: expected {}, got {}",
                    field("step"),
                    field("expected"),
                    field("got")
                )
            });
        }
    }

    fn count(&self, verdict: Verdict) -> u64 {
        self.verdicts.values().filter(|found| **found == verdict).count() as u64
    }
}

fn ids<'v>(report: &'v Value, list: &str, id: impl Fn(&'v Value) -> Option<&'v Value>) -> Vec<String> {
    let entries = report
        .get(list)
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    entries
        .iter()
        .filter_map(|entry| id(entry)?.as_str())
        .map(str::to_owned)
        .collect()
}

/// Prints the failures; a failing case that the floor file excuses counts as skipped.
fn judge(tally: &Tally, floor: &Floor, partial: bool) -> Outcome {
    let mut excused = 0;
    for (id, why) in &tally.failures {
        if let Some(reason) = floor.exceptions.get(id) {
            excused += 1;
            println!("EXCUSED {id}: {reason}");
        } else {
            println!("FAIL {id} ({why})");
        }
    }
    for id in floor
        .exceptions
        .keys()
        .filter(|id| tally.verdicts.get(*id) == Some(&Verdict::Passed))
    {
        println!("note: {id} passes: take it out of the exceptions in conformance/floor.json");
    }
    let mut outcome = Outcome {
        name: "conformance".to_owned(),
        passed: tally.count(Verdict::Passed),
        failed: tally.count(Verdict::Failed) - excused,
        skipped: tally.count(Verdict::Skipped) + excused,
        ..Outcome::default()
    };
    if !partial && outcome.passed < floor.least {
        outcome.remark = format!("below the floor of {}", floor.least);
        outcome.failed = outcome.failed.max(1);
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn floor(least: u64, exceptions: &[(&str, &str)]) -> Floor {
        let exceptions = exceptions
            .iter()
            .map(|(id, why)| ((*id).to_owned(), (*why).to_owned()))
            .collect();
        Floor {
            groups: Vec::new(),
            least,
            exceptions,
        }
    }

    #[test]
    fn a_case_counts_once_and_one_failure_decides() {
        let mut tally = Tally::default();
        tally.add(
            "one",
            &json!({"passed": ["a", "b"], "failures": [], "skipped": [{"id": "c"}]}),
        );
        tally.add(
            "two",
            &json!({"passed": ["a", "c"], "failures": [{"id": "b", "step": 1}], "skipped": []}),
        );
        let outcome = judge(&tally, &floor(0, &[]), false);
        assert_eq!((outcome.passed, outcome.failed, outcome.skipped), (2, 1, 0));
        let outcome = judge(&tally, &floor(0, &[("b", "the case is wrong")]), false);
        assert_eq!((outcome.passed, outcome.failed, outcome.skipped), (2, 0, 1));
    }

    #[test]
    fn fewer_than_the_floor_is_red() {
        let mut tally = Tally::default();
        tally.add("one", &json!({"passed": ["a"], "failures": [], "skipped": []}));
        assert_eq!(judge(&tally, &floor(1, &[]), false).failed, 0);
        assert_eq!(judge(&tally, &floor(2, &[]), false).failed, 1);
        assert_eq!(judge(&tally, &floor(2, &[]), true).failed, 0);
    }
}
