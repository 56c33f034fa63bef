//! Connections that nobody used for a while are closed: each costs the server memory.

use std::time::Duration;

use deadpool_postgres::Pool;

/// How long a connection may lie idle.
const IDLE: Duration = Duration::from_secs(10);

/// Looks after the pool for as long as it exists. The last connection stays, so that a quiet service still answers at
/// once.
pub(crate) fn retire_idle(pool: &Pool) {
    let weak = pool.weak();
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(IDLE);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let Some(pool) = weak.upgrade().filter(|pool| !pool.is_closed()) else {
                return;
            };
            let mut left = pool.status().size;
            pool.retain(|_, metrics| {
                let keep = left <= 1 || metrics.last_used() < IDLE;
                left -= usize::from(!keep);
                keep
            });
        }
    });
}
