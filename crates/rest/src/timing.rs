//! How long the stages of a request took, for `Server-Timing` (rest.md section 17).

use std::fmt::Write;
use std::time::Instant;

/// A stopwatch with laps.
#[derive(Clone)]
pub(crate) struct Timing {
    last: Instant,
    /// Name and milliseconds.
    laps: Vec<(&'static str, f64)>,
    is_on: bool,
}

impl Timing {
    pub(crate) fn start(is_on: bool) -> Self {
        Self {
            last: Instant::now(),
            laps: Vec::new(),
            is_on,
        }
    }

    /// Ends a stage.
    pub(crate) fn lap(&mut self, name: &'static str) {
        if self.is_on {
            let now = Instant::now();
            self.laps.push((name, (now - self.last).as_secs_f64() * 1000.0));
            self.last = now;
        }
    }

    /// The header, if it is wanted.
    pub(crate) fn header(&self) -> Option<String> {
        if self.laps.is_empty() {
            return None;
        }
        let mut text = String::new();
        for (name, milliseconds) in &self.laps {
            let separator = if text.is_empty() { "" } else { ", " };
            let _ = write!(text, "{separator}{name};dur={milliseconds:.1}");
        }
        Some(text)
    }
}
