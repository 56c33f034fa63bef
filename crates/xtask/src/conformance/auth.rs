//! The cases of the Auth service: profile after profile, each with a server whose `config.toml` means its settings. A
//! case counts once, whatever the number of profiles it runs in: it passes when it passed somewhere and failed nowhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::conformance::floor::Floor;
use crate::conformance::tally::Tally;
use crate::conformance::{Options, report_path, settings};
use crate::process::stream;
use crate::server::Server;

/// How a case fared over the profiles so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Skipped,
    Passed,
    Failed,
}

#[derive(Default)]
struct Verdicts {
    verdicts: BTreeMap<String, Verdict>,
    failures: BTreeMap<String, String>,
}

/// Replays all profiles that are wanted.
pub(super) fn replay(folder: &Path, options: &Options, floor: &Floor) -> Result<Tally> {
    let cases: Value = serde_json::from_slice(&std::fs::read(folder.join("auth-cases.json"))?)?;
    let profiles = cases
        .pointer("/meta/profiles")
        .and_then(Value::as_object)
        .context("the cases have no profiles")?;
    let groups = (!options.all_groups && !floor.groups.is_empty()).then_some(&floor.groups[..]);
    let mut verdicts = Verdicts::default();
    for (profile, tags) in profiles.iter().filter(|(profile, _)| options.wants(profile)) {
        println!("--- profile {profile}");
        let report =
            run(folder, profile, &tags_of(tags), groups).with_context(|| format!("profile {profile}"))?;
        verdicts.add(profile, &report);
    }
    Ok(verdicts.tally())
}

fn tags_of(tags: &Value) -> Vec<String> {
    let list = tags.as_array().map_or(&[][..], Vec::as_slice);
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Starts a server for one profile and runs the cases' own runner against it; its report.
fn run(folder: &Path, profile: &str, tags: &[String], groups: Option<&[String]>) -> Result<Value> {
    let server = Server::start(&format!("conformance-{profile}"), &settings::config(tags))?;
    let report = report_path(&format!("auth-{profile}"))?;
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
    if let Some(groups) = groups {
        command.arg("--groups").args(groups);
    }
    stream(&mut command, |_| {})?;
    Ok(serde_json::from_slice(
        &std::fs::read(&report).context("the runner wrote no report")?,
    )?)
}

impl Verdicts {
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
        for failure in list(report, "failures") {
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

    fn tally(self) -> Tally {
        Tally {
            passed: self.count(Verdict::Passed),
            skipped: self.count(Verdict::Skipped),
            failures: self.failures,
        }
    }
}

fn list<'v>(report: &'v Value, name: &str) -> &'v [Value] {
    report
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice)
}

fn ids<'v>(report: &'v Value, name: &str, id: impl Fn(&'v Value) -> Option<&'v Value>) -> Vec<String> {
    list(report, name)
        .iter()
        .filter_map(|entry| id(entry)?.as_str())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_case_counts_once_and_one_failure_decides() {
        let mut verdicts = Verdicts::default();
        verdicts.add(
            "one",
            &json!({"passed": ["a", "b"], "failures": [], "skipped": [{"id": "c"}]}),
        );
        verdicts.add(
            "two",
            &json!({"passed": ["a", "c"], "failures": [{"id": "b", "step": 1}], "skipped": []}),
        );
        let tally = verdicts.tally();
        assert_eq!((tally.passed, tally.skipped), (2, 0));
        assert_eq!(tally.failures.keys().collect::<Vec<_>>(), ["b"]);
    }
}
