//! The cases of the Storage service, against one server.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::conformance::floor::Floor;
use crate::conformance::tally::Tally;
use crate::conformance::{Options, report_path};
use crate::process::stream;
use crate::server::Server;

/// The cases know no settings; their buckets' limits fit below the original's own default.
const CONFIG: &str = "project_id = \"conformance\"\n\n[api]\nport = 0\n\n[local_smtp]\nport = 0\n\n\
    [storage]\nfile_size_limit = \"500MB\"\n";

/// Where the server keeps the bytes of objects.
#[derive(Clone, Copy)]
pub(super) enum Bytes {
    /// In files.
    Files,
    /// In a bucket of another server.
    Store,
}

/// Replays the groups that are part of the floor.
pub(super) fn replay(folder: &Path, options: &Options, floor: &Floor, bytes: Bytes) -> Result<Tally> {
    let (name, store) = match bytes {
        Bytes::Files => ("storage", None),
        Bytes::Store => {
            let config = format!("{CONFIG}[storage.buckets.blobs]\n");
            ("storage-s3", Some(Server::start("conformance-store", &config)?))
        }
    };
    let config = CONFIG.to_owned() + &store.as_ref().map(in_store).unwrap_or_default();
    let server = Server::start(&format!("conformance-{name}"), &config)?;
    let report = report_path(name)?;
    let mut command = Command::new("python3");
    command
        .arg(folder.join("run_storage_cases.py"))
        .args(["--base", &format!("{}/storage/v1", server.value("API_URL"))])
        .args(["--service-key", server.value("SERVICE_ROLE_KEY")])
        .args(["--anon-key", server.value("ANON_KEY")])
        .args(["--jwt-secret", server.value("JWT_SECRET")])
        .args(["--db", server.value("DB_URL")])
        .args(["--s3-key", server.value("S3_PROTOCOL_ACCESS_KEY_ID")])
        .args(["--s3-secret", server.value("S3_PROTOCOL_ACCESS_KEY_SECRET")])
        .arg("--json-out")
        .arg(&report);
    if !options.all_groups && !floor.groups.is_empty() {
        command.args(["--family", &floor.groups.join(",")]);
    }
    stream(&mut command, |_| {})?;
    let report = std::fs::read(&report).context("the runner wrote no report")?;
    tally(&serde_json::from_slice(&report)?)
}

/// Settings by which another server is the store.
fn in_store(store: &Server) -> String {
    format!(
        "backend = \"s3\"\n[storage.s3_store]\nbucket = \"blobs\"\nendpoint = \"{}/storage/v1/s3\"\nregion = \"{}\"\nforce_path_style = true\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n",
        store.value("API_URL"),
        store.value("S3_PROTOCOL_REGION"),
        store.value("S3_PROTOCOL_ACCESS_KEY_ID"),
        store.value("S3_PROTOCOL_ACCESS_KEY_SECRET"),
    )
}

/// Each entry of the report is id, verdict and reason.
fn tally(report: &Value) -> Result<Tally> {
    let entries: Vec<(String, String, String)> = serde_json::from_value(report.clone())?;
    let mut tally = Tally {
        passed: 0,
        skipped: 0,
        failures: BTreeMap::new(),
    };
    for (id, verdict, reason) in entries {
        match verdict.as_str() {
            "passed" => tally.passed += 1,
            "skipped" => tally.skipped += 1,
            _ => {
                tally.failures.insert(id, reason);
            }
        }
    }
    Ok(tally)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_neither_passed_nor_skipped_failed() {
        let report = json!([
            ["a", "passed", ""],
            ["b", "skipped", "s3"],
            ["c", "failed", "why"]
        ]);
        let tally = tally(&report).unwrap();
        assert_eq!((tally.passed, tally.skipped), (1, 1));
        assert_eq!(tally.failures.get("c").map(String::as_str), Some("why"));
    }
}
