//! What the runners' reports add up to, against the floor.

use std::collections::BTreeMap;

use crate::conformance::floor::Floor;
use crate::suite::Outcome;

/// The cases of one service.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) skipped: u64,
    /// Why a case failed, by its id.
    pub(super) failures: BTreeMap<String, String>,
}

impl Tally {
    /// Prints the failures; a failing case that the floor file excuses counts as skipped. A partial run is not held
    /// against the floor.
    pub(super) fn judge(&self, suite: &str, floor: &Floor, partial: bool) -> Outcome {
        let mut excused = 0;
        for (id, why) in &self.failures {
            if let Some(reason) = floor.exceptions.get(id) {
                excused += 1;
                println!("EXCUSED {id}: {reason}");
            } else {
                println!("FAIL {id} ({why})");
            }
        }
        for id in floor.exceptions.keys() {
            if !partial && !self.failures.contains_key(id) {
                println!("note: {id} passes: take it out of the exceptions in conformance/floor.json");
            }
        }
        let mut outcome = Outcome {
            name: suite.to_owned(),
            passed: self.passed,
            failed: self.failures.len() as u64 - excused,
            skipped: self.skipped + excused,
            ..Outcome::default()
        };
        if !partial && outcome.passed < floor.least {
            outcome.remark = format!("below the floor of {}", floor.least);
            outcome.failed = outcome.failed.max(1);
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn an_excused_failure_counts_as_skipped() {
        let tally = Tally {
            passed: 2,
            skipped: 0,
            failures: BTreeMap::from([("b".to_owned(), "why".to_owned())]),
        };
        let outcome = tally.judge("cases", &floor(0, &[]), false);
        assert_eq!((outcome.passed, outcome.failed, outcome.skipped), (2, 1, 0));
        let outcome = tally.judge("cases", &floor(0, &[("b", "the case is wrong")]), false);
        assert_eq!((outcome.passed, outcome.failed, outcome.skipped), (2, 0, 1));
    }

    #[test]
    fn fewer_than_the_floor_is_red() {
        let tally = Tally {
            passed: 1,
            ..Tally::default()
        };
        assert_eq!(tally.judge("cases", &floor(1, &[]), false).failed, 0);
        assert_eq!(tally.judge("cases", &floor(2, &[]), false).failed, 1);
        assert_eq!(tally.judge("cases", &floor(2, &[]), true).failed, 0);
    }
}
