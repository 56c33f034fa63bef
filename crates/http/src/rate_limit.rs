//! Limits on how often one client may ask.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

/// Above this number of clients, those that have not asked for a while are forgotten.
const MANY_KEYS: usize = 50_000;

/// A bucket of tokens for each key; memory is bounded by forgetting keys whose bucket is full again.
#[derive(Debug)]
pub struct RateLimiter {
    buckets: Option<DefaultKeyedRateLimiter<String>>,
    clock: DefaultClock,
}

/// The bucket is empty; the time until there is a token again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter(pub Duration);

impl RateLimiter {
    /// `count` requests in each `period`, of which `burst` may come at once. A count of 0 lets nothing pass.
    pub fn per(count: u32, period: Duration, burst: u32) -> Self {
        let buckets = NonZeroU32::new(count).and_then(|count| {
            let quota = Quota::with_period(period / count.get())?;
            Some(DefaultKeyedRateLimiter::keyed(
                quota.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN)),
            ))
        });
        Self {
            buckets,
            clock: DefaultClock::default(),
        }
    }

    /// Takes a token from the bucket of `key`.
    pub fn check(&self, key: &str) -> Result<(), RetryAfter> {
        let Some(buckets) = &self.buckets else {
            return Err(RetryAfter(Duration::MAX));
        };
        if buckets.len() > MANY_KEYS {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
        buckets
            .check_key(&key.to_owned())
            .map_err(|busy| RetryAfter(busy.wait_time_from(self.clock.now())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_then_pace() {
        let limiter = RateLimiter::per(60, Duration::from_secs(3600), 2);
        assert_eq!(limiter.check("a"), Ok(()));
        assert_eq!(limiter.check("a"), Ok(()));
        let Err(RetryAfter(wait)) = limiter.check("a") else {
            panic!("a third request at once")
        };
        assert!(wait > Duration::from_secs(50) && wait <= Duration::from_secs(60));
        assert_eq!(limiter.check("b"), Ok(()));
        assert!(RateLimiter::per(0, Duration::from_secs(1), 1).check("a").is_err());
    }
}
