//! When metadata was last asked for: a provider whose server does not answer must not be asked for each sign-in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use uuid::Uuid;

use crate::model::user::Time;

/// Attempts by provider. Only a kindness to others' servers: processes need not agree on it.
#[derive(Default)]
pub struct Refreshes(Mutex<HashMap<Uuid, Time>>);

/// Least time between two attempts.
fn pause() -> TimeDelta {
    TimeDelta::minutes(1)
}

impl Refreshes {
    /// Whether this provider may be asked now; if so, it counts as asked.
    pub fn begin(&self, provider: Uuid, now: Time) -> bool {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.retain(|_, last| now < *last + pause());
        if attempts.contains_key(&provider) {
            return false;
        }
        attempts.insert(provider, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_a_minute() {
        let refreshes = Refreshes::default();
        let (a, b, now) = (
            Uuid::from_u128(1),
            Uuid::from_u128(2),
            chrono::DateTime::UNIX_EPOCH,
        );
        assert!(refreshes.begin(a, now) && refreshes.begin(b, now));
        assert!(!refreshes.begin(a, now + TimeDelta::seconds(59)));
        assert!(refreshes.begin(a, now + TimeDelta::seconds(60)));
    }
}
