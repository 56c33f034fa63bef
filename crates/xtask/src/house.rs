//! `cargo xtask house`: who may import whom, and the rules that no compiler checks.

use std::time::Instant;

use anyhow::Result;

use crate::suite::Outcome;

mod files;
mod imports;

/// Runs all checks and prints each finding.
pub(crate) fn run() -> Result<Outcome> {
    let start = Instant::now();
    let mut outcome = Outcome {
        name: "house".to_owned(),
        ..Outcome::default()
    };
    let checks = [
        ("imports between rooms", imports::check()?),
        ("size of source files", files::sizes()?),
        ("names of modules", files::names()?),
        ("unsafe code", files::unsafe_code()?),
        ("machine paths and registry hosts", files::traces()?),
    ];
    for (name, findings) in checks {
        if findings.is_empty() {
            outcome.passed += 1;
            println!("house: {name}: fine");
        } else {
            outcome.failed += 1;
            println!("house: {name}:");
            for finding in findings {
                println!("  {finding}");
            }
        }
    }
    Ok(outcome.since(start))
}
