//! Time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};

/// Where the time comes from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system.
    #[default]
    System,
    /// A clock that tests set: milliseconds since 1970.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at` until [`Clock::advance`].
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(at.timestamp_millis())))
    }

    /// The time in microseconds, which is what PostgreSQL keeps.
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            #[allow(
                clippy::disallowed_methods,
                reason = "the one place that asks the system for the time"
            )]
            Self::System => Utc::now().trunc_subsecs(6),
            Self::Fixed(millis) => {
                DateTime::from_timestamp_millis(millis.load(Ordering::Acquire)).unwrap_or_default()
            }
        }
    }

    /// Unix seconds.
    pub fn unix(&self) -> i64 {
        self.now().timestamp()
    }

    /// Moves a fixed clock forward; the system's is left alone.
    pub fn advance(&self, by: Duration) {
        if let Self::Fixed(millis) = self {
            millis.fetch_add(
                i64::try_from(by.as_millis()).unwrap_or(i64::MAX),
                Ordering::AcqRel,
            );
        }
    }
}
