//! Who may import whom, read from `cargo metadata`.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace;

/// Prefix of the packages of our rooms.
const PREFIX: &str = "ferrobase-";

/// A room and the rooms it may import. A room that is not listed is not part of the house yet.
const ROOMS: &[(&str, &[&str])] = &[
    // The program.
    (
        "ferrobase",
        &[
            "server",
            "config",
            "telemetry",
            "cluster",
            "jwt",
            "http",
            "typegen",
            "workflow",
            "schemadiff",
        ],
    ),
    (
        "server",
        &[
            "auth",
            "rest",
            "storage",
            "realtime",
            "changes",
            "replication",
            "db",
            "workflow",
            "cluster",
            "jwt",
            "messages",
            "http",
            "config",
            "telemetry",
        ],
    ),
    // Services: none imports another.
    (
        "auth",
        &["db", "jwt", "messages", "http", "config", "telemetry", "sql"],
    ),
    (
        "rest",
        &["db", "jwt", "http", "config", "sql", "query", "cluster"],
    ),
    ("storage", &["db", "jwt", "http", "config"]),
    (
        "realtime",
        &[
            "db",
            "jwt",
            "http",
            "config",
            "telemetry",
            "changes",
            "replication",
        ],
    ),
    // Shared ground: knows no service.
    ("db", &["sql", "jwt"]),
    ("changes", &["db", "replication", "sql"]),
    ("replication", &["db", "sql"]),
    ("typegen", &["db", "sql"]),
    ("workflow", &["db", "config"]),
    ("schemadiff", &["db", "sql"]),
    ("cluster", &[]),
    ("jwt", &[]),
    ("messages", &["http", "jwt"]),
    ("http", &["jwt"]),
    ("config", &[]),
    ("telemetry", &[]),
    // Pure.
    ("query", &[]),
    ("sql", &[]),
    // For us.
    (
        "testkit",
        &[
            "server",
            "db",
            "cluster",
            "jwt",
            "messages",
            "config",
            "auth",
            "http",
            "telemetry",
        ],
    ),
    ("xtask", &["cluster"]),
];

/// Rooms that tests of any room may import besides those of the table.
const FOR_TESTS: &[&str] = &["testkit", "cluster", "db", "jwt", "config", "messages", "http"];

/// External packages that belong to one room, with the reason.
const OWNED: &[(&str, &[&str], &str)] = &[
    ("reqwest", &["http"], "only http makes outgoing calls"),
    ("lettre", &["messages"], "only messages sends mail"),
    (
        "tracing-subscriber",
        &["telemetry"],
        "only telemetry installs subscribers",
    ),
    ("deadpool-postgres", &["db"], "only db opens connections"),
    ("tokio-postgres-rustls", &["db"], "only db opens connections"),
    ("jsonwebtoken", &["jwt"], "only jwt signs and verifies"),
    (
        "roxmltree",
        &["auth", "storage"],
        "only SAML and S3 read XML, within bounds",
    ),
    ("comfy-table", &["ferrobase"], "only the program prints"),
];

/// Findings, one line each.
pub(super) fn check() -> Result<Vec<String>> {
    let output = workspace::cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).context("reading cargo metadata")?;
    Ok(judge(&metadata))
}

fn judge(metadata: &Value) -> Vec<String> {
    let mut findings = Vec::new();
    for package in list(metadata, "packages") {
        let room = room(text(package, "name"));
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            findings.push(format!(
                "{room} is not in the table of rooms (crates/xtask/src/house/imports.rs)"
            ));
            continue;
        };
        for dependency in list(package, "dependencies") {
            findings.extend(judge_one(room, allowed, dependency));
        }
    }
    findings
}

fn judge_one(room: &str, allowed: &[&str], dependency: &Value) -> Option<String> {
    let package = text(dependency, "name");
    let for_tests = text(dependency, "kind") == "dev";
    let Some(target) = package
        .strip_prefix(PREFIX)
        .or_else(|| (package == "ferrobase").then_some("ferrobase"))
    else {
        let (_, owners, reason) = OWNED.iter().find(|(name, ..)| *name == package)?;
        return (!for_tests && !owners.contains(&room) && room != "testkit")
            .then(|| format!("{room} must not depend on {package}: {reason}"));
    };
    if allowed.contains(&target) || (for_tests && FOR_TESTS.contains(&target)) {
        return None;
    }
    if target == "testkit" {
        return Some(format!("{room} must not import testkit outside tests"));
    }
    Some(format!("{room} must not import {target}"))
}

fn room(package: &str) -> &str {
    package.strip_prefix(PREFIX).unwrap_or(package)
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn house(room: &str, dependency: &str, kind: Option<&str>) -> Vec<String> {
        judge(&json!({"packages": [{"name": room, "dependencies": [{"name": dependency, "kind": kind}]}]}))
    }

    #[test]
    fn imports_go_downwards_only() {
        assert!(house("ferrobase-auth", "ferrobase-db", None).is_empty());
        assert_eq!(
            house("ferrobase-db", "ferrobase-auth", None),
            ["db must not import auth"]
        );
        assert_eq!(
            house("ferrobase-auth", "ferrobase-server", None),
            ["auth must not import server"]
        );
        assert!(house("ferrobase", "ferrobase-server", None).is_empty());
        assert_eq!(
            house("ferrobase-jwt", "ferrobase", None),
            ["jwt must not import ferrobase"]
        );
    }

    #[test]
    fn the_testkit_is_for_tests() {
        assert!(house("ferrobase-auth", "ferrobase-testkit", Some("dev")).is_empty());
        assert_eq!(
            house("ferrobase-auth", "ferrobase-testkit", None),
            ["auth must not import testkit outside tests"]
        );
    }

    #[test]
    fn unknown_rooms_and_foreign_tools_are_named() {
        assert_eq!(house("ferrobase-attic", "serde", None).len(), 1);
        assert_eq!(
            house("ferrobase-auth", "reqwest", None),
            ["auth must not depend on reqwest: only http makes outgoing calls"]
        );
        assert!(house("ferrobase-auth", "reqwest", Some("dev")).is_empty());
        assert!(house("ferrobase-http", "reqwest", None).is_empty());
    }

    #[test]
    fn the_table_lists_only_rooms_that_it_knows() {
        for (_, allowed) in ROOMS {
            for target in *allowed {
                assert!(ROOMS.iter().any(|(room, _)| room == target), "{target}");
            }
        }
    }
}
