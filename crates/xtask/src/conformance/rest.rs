//! The cases of the data API: a database with the fixtures, and one `ferrobase rest` per profile before it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::conformance::data_api::DataApi;
use crate::conformance::fixtures::Fixtures;
use crate::conformance::tally::Tally;
use crate::conformance::{Options, report_path};
use crate::process::stream;

/// The library of this profile's pre-request function is not in Debian; our own setting does what it does.
const SAFE_UPDATE: &str = "pre-request-load-safeupdate";

/// Replays all profiles that are wanted.
pub(super) fn replay(folder: &Path, options: &Options) -> Result<Tally> {
    let configs: Value = serde_json::from_slice(&std::fs::read(folder.join("configs.json"))?)?;
    let object = |pointer: &str| configs.pointer(pointer).and_then(Value::as_object);
    let base = object("/base").context("no base configuration")?;
    let profiles = object("/profiles").context("no profiles")?;
    let fixtures = Fixtures::load(&folder.join("fixtures"))?;
    let mut servers = BTreeMap::new();
    for (profile, settings) in profiles.iter().filter(|(profile, _)| options.wants(profile)) {
        let overrides = settings.get("overrides").and_then(Value::as_object);
        let variables = variables(profile, base, overrides);
        let server = DataApi::start(profile, &fixtures.url(), &variables)
            .with_context(|| format!("profile {profile}"))?;
        servers.insert(profile.clone(), server);
    }
    let report = report_path("rest")?;
    let map = report.with_file_name("rest-profiles.json");
    let urls: BTreeMap<&str, &str> = servers
        .iter()
        .map(|(profile, server)| (&profile[..], server.url()))
        .collect();
    std::fs::write(&map, json!(urls).to_string())?;
    let mut command = Command::new("python3");
    command.arg(folder.join("run_cases.py"));
    command.arg("--profiles").arg(&map).arg("--report").arg(&report);
    if fixtures.lacks_postgis {
        command.args(["--skip-requires", "postgis"]);
    }
    stream(&mut command, |_| {})?;
    let report = std::fs::read(&report).context("the runner wrote no report")?;
    Ok(tally(&serde_json::from_slice(&report)?))
}

/// PostgREST's variables for a profile.
fn variables(
    profile: &str,
    base: &Map<String, Value>,
    overrides: Option<&Map<String, Value>>,
) -> BTreeMap<String, String> {
    let mut settings = base.clone();
    settings.extend(
        overrides
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone())),
    );
    // Where the cases' server listened is what its document says, not where ours has to.
    settings.remove("server-host");
    settings.remove("server-port");
    if settings
        .get("openapi-server-proxy-uri")
        .is_none_or(Value::is_null)
    {
        settings.insert(
            "openapi-server-proxy-uri".to_owned(),
            json!("http://localhost:3000"),
        );
    }
    settings.insert("db-pool".to_owned(), json!(2));
    if profile == SAFE_UPDATE {
        settings.remove("db-pre-request");
        settings.insert("db-safe-update".to_owned(), json!(true));
    }
    settings
        .iter()
        .filter_map(|(key, value)| Some((variable(key), text(value)?)))
        .collect()
}

fn variable(key: &str) -> String {
    key.strip_prefix("app.settings.").map_or_else(
        || format!("PGRST_{}", key.to_uppercase().replace('-', "_")),
        |name| format!("PGRST_APP_SETTINGS_{name}"),
    )
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(items.iter().filter_map(text).collect::<Vec<_>>().join(",")),
        other => Some(other.to_string()),
    }
}

fn tally(report: &Value) -> Tally {
    let count = |name: &str| {
        report
            .pointer(&format!("/totals/{name}"))
            .and_then(Value::as_u64)
            .unwrap_or(0)
    };
    let failures = report
        .get("failures")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    Tally {
        passed: count("passed"),
        skipped: count("skipped"),
        failures: failures
            .filter_map(|failure| Some((failure.get("id")?.as_str()?.to_owned(), why(failure))))
            .collect(),
    }
}

fn why(failure: &Value) -> String {
    let part = |pointer: &str| {
        failure
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    format!(
        "{}: {} {}",
        part("/config"),
        part("/fails/0/what"),
        part("/fails/0/message")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_become_variables() {
        let base = json!({
            "db-schemas": ["a", "b"],
            "db-plan-enabled": false,
            "jwt-secret": "s",
            "server-port": 3000,
            "app.settings.app_host": "h",
        });
        let overrides = json!({"db-plan-enabled": true, "jwt-secret": null});
        let variables = variables(
            "plan",
            base.as_object().unwrap_or(&Map::new()),
            overrides.as_object(),
        );
        let read = |name: &str| variables.get(name).map(String::as_str);
        assert_eq!(read("PGRST_DB_SCHEMAS"), Some("a,b"));
        assert_eq!(read("PGRST_DB_PLAN_ENABLED"), Some("true"));
        assert_eq!(read("PGRST_JWT_SECRET"), None);
        assert_eq!(read("PGRST_SERVER_PORT"), None);
        assert_eq!(read("PGRST_APP_SETTINGS_app_host"), Some("h"));
    }

    #[test]
    fn failures_are_read_from_the_report() {
        let report = json!({
            "totals": {"passed": 3, "failed": 1, "skipped": 2},
            "failures": [{"id": "x", "config": "base", "fails": [{"what": "status", "message": "500"}]}],
        });
        let tally = tally(&report);
        assert_eq!((tally.passed, tally.skipped), (3, 2));
        assert_eq!(tally.failures["x"], "base: status 500");
    }
}
