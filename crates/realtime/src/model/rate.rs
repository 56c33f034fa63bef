//! How often something happens (§9): counted in buckets of five seconds, judged as the average of a minute at each tick.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Length of a bucket in seconds.
pub const BUCKET: u64 = 5;

/// Buckets of an average.
const BUCKETS: usize = 12;

/// A counter with a limit.
#[derive(Debug)]
pub struct Rate {
    /// Per second; 0 = none.
    limit: u64,
    current: AtomicU64,
    buckets: Mutex<VecDeque<u64>>,
    average: AtomicU64,
    is_over: AtomicBool,
}

impl Rate {
    /// A counter; no limit if 0.
    pub fn new(limit: u64) -> Self {
        Self {
            limit,
            current: AtomicU64::new(0),
            buckets: Mutex::default(),
            average: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        }
    }

    /// Counts.
    pub fn count(&self, times: u64) {
        if self.limit > 0 {
            self.current.fetch_add(times, Ordering::Relaxed);
        }
    }

    /// Whether it was too often.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Whether `more` would be too much at once.
    pub fn would_exceed(&self, more: u64) -> bool {
        self.limit > 0 && self.average().saturating_add(more) > self.limit
    }

    /// Per second, over the last minute.
    pub fn average(&self) -> u64 {
        self.average.load(Ordering::Relaxed)
    }

    /// What is allowed; `None` if everything is.
    pub fn limit(&self) -> Option<u64> {
        (self.limit > 0).then_some(self.limit)
    }

    /// Ends a bucket; once in [`BUCKET`] seconds.
    pub fn tick(&self) {
        if self.limit == 0 {
            return;
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.push_front(self.current.swap(0, Ordering::Relaxed));
        buckets.truncate(BUCKETS);
        let average = buckets.iter().sum::<u64>() / (buckets.len() as u64 * BUCKET);
        self.average.store(average, Ordering::Relaxed);
        self.is_over.store(average >= self.limit, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judged_at_each_tick() {
        let rate = Rate::new(10);
        rate.count(1000);
        assert!(!rate.is_over());
        rate.tick();
        assert!(rate.is_over());
        assert_eq!(rate.average(), 200);
        for _ in 0..BUCKETS {
            rate.tick();
        }
        assert!(!rate.is_over());
        assert!(rate.would_exceed(11) && !rate.would_exceed(10));
        let none = Rate::new(0);
        none.count(1_000_000);
        none.tick();
        assert!(!none.is_over() && !none.would_exceed(u64::MAX));
    }
}
