//! What a suite did, and the table of all of them.

use std::time::{Duration, Instant};

/// The numbers of one suite.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Name shown in the table.
    pub(crate) name: String,
    /// Checks that held.
    pub(crate) passed: u64,
    /// Checks that did not hold; the suite is red unless this is 0.
    pub(crate) failed: u64,
    /// Checks that could not run here.
    pub(crate) skipped: u64,
    /// Wall time.
    pub(crate) took: Duration,
    /// What the reader should know: why something was skipped, what is wrong.
    pub(crate) remark: String,
}

impl Outcome {
    /// A suite that is one check.
    pub(crate) fn single(name: &str, passed: bool) -> Self {
        Self {
            name: name.to_owned(),
            passed: u64::from(passed),
            failed: u64::from(!passed),
            ..Self::default()
        }
    }

    /// A suite that could not run here.
    pub(crate) fn skipped(name: &str, why: &str) -> Self {
        Self {
            name: name.to_owned(),
            skipped: 1,
            remark: why.to_owned(),
            ..Self::default()
        }
    }

    /// Sets the wall time.
    pub(crate) fn since(mut self, start: Instant) -> Self {
        self.took = start.elapsed();
        self
    }

    /// Prints this suite alone; true when it is green.
    pub(crate) fn report(&self) -> bool {
        summary(std::slice::from_ref(self))
    }
}

/// Prints the table and the closing line; true when nothing failed.
pub(crate) fn summary(outcomes: &[Outcome]) -> bool {
    println!();
    println!(
        "{:<12} {:>7} {:>7} {:>8} {:>8}",
        "suite", "passed", "failed", "skipped", "seconds"
    );
    for outcome in outcomes {
        let line = format!(
            "{:<12} {:>7} {:>7} {:>8} {:>8.1}  {}",
            outcome.name,
            outcome.passed,
            outcome.failed,
            outcome.skipped,
            outcome.took.as_secs_f64(),
            outcome.remark
        );
        println!("{}", line.trim_end());
    }
    let passed: u64 = outcomes.iter().map(|outcome| outcome.passed).sum();
    let failed: u64 = outcomes.iter().map(|outcome| outcome.failed).sum();
    println!();
    println!("{passed} passed, {failed} failed");
    failed == 0
}
