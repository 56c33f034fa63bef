//! What is looked at beside the stream: its lag, the publications, and slots that processes left behind.

use std::collections::HashMap;
use std::time::Duration;

use ferrobase_db::Pool;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::error::ReplicationError;
use crate::status::StatusSender;
use crate::store::{server, slots};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// Looks at publications and lag while the stream goes; returns what should end it.
pub(crate) struct Watchdog<'a> {
    pub(crate) pool: &'a Pool,
    pub(crate) slot: &'a str,
    pub(crate) wanted: &'a [String],
    pub(crate) publications: &'a [String],
    pub(crate) max_lag: u64,
    pub(crate) status: &'a StatusSender,
}

impl Watchdog<'_> {
    pub(crate) async fn run(&self, abandoned: &mut Abandoned) -> ReplicationError {
        let mut ticks = interval(PAUSE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            match self.look().await {
                Ok(()) => abandoned.look(self.pool, self.slot).await,
                // The stream itself notices when the server is gone.
                Err(ReplicationError::Db(error)) => tracing::debug!(%error, "the stream's lag is not known"),
                Err(error) => return error,
            }
        }
    }

    async fn look(&self) -> Result<(), ReplicationError> {
        if server::publications(self.pool, self.wanted).await? != self.publications {
            return Err(ReplicationError::PublicationsChanged);
        }
        let Some(slot) = slots::find(self.pool, self.slot).await? else {
            return Err(ReplicationError::Lost("the slot is gone".to_owned()));
        };
        self.status.lag(slot.lag);
        if slot.is_lost {
            return Err(ReplicationError::Lost("the log was removed".to_owned()));
        }
        if slot.lag > self.max_lag {
            return Err(ReplicationError::Overrun(slot.lag));
        }
        Ok(())
    }
}

/// Slots whose process has not come back: a process that was killed cannot drop its own, and a slot keeps the log.
#[derive(Debug)]
pub(crate) struct Abandoned {
    prefix: String,
    patience: Duration,
    /// Position, and since when it is the same without anybody connected.
    seen: HashMap<String, (String, Instant)>,
}

impl Abandoned {
    pub(crate) fn new(prefix: String, patience: Duration) -> Self {
        Self {
            prefix,
            patience,
            seen: HashMap::new(),
        }
    }

    async fn look(&mut self, pool: &Pool, own: &str) {
        let unused = match slots::unused(pool, &self.prefix).await {
            Ok(unused) => unused,
            Err(error) => {
                tracing::debug!(%error, "abandoned slots are not known");
                return;
            }
        };
        for name in self.note(unused, own, Instant::now()) {
            match slots::drop_unused(pool, &name).await {
                Ok(_) => tracing::info!(
                    slot = name,
                    "dropped the replication slot of a process that is gone"
                ),
                Err(error) => tracing::warn!(slot = name, %error, "an abandoned replication slot stays"),
            }
        }
    }

    /// Which of the unused slots have been so long enough.
    fn note(&mut self, unused: Vec<(String, String)>, own: &str, now: Instant) -> Vec<String> {
        let mut seen = HashMap::new();
        let mut abandoned = Vec::new();
        for (name, position) in unused {
            if name == own {
                continue;
            }
            let since = match self.seen.remove(&name) {
                Some((last, since)) if last == position => since,
                _ => now,
            };
            if now.duration_since(since) >= self.patience {
                abandoned.push(name);
            } else {
                seen.insert(name, (position, since));
            }
        }
        self.seen = seen;
        abandoned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_counts_as_abandoned_after_a_while_without_any_move() {
        let mut abandoned = Abandoned::new("x_".to_owned(), Duration::from_secs(60));
        let slots = |position: &str| {
            vec![
                ("x_own".to_owned(), "0/1".to_owned()),
                ("x_other".to_owned(), position.to_owned()),
            ]
        };
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(abandoned.note(slots("0/1"), "x_own", at(0)).is_empty());
        assert!(abandoned.note(slots("0/2"), "x_own", at(59)).is_empty());
        assert!(abandoned.note(slots("0/2"), "x_own", at(100)).is_empty());
        assert!(abandoned.note(Vec::new(), "x_own", at(110)).is_empty());
        assert!(abandoned.note(slots("0/2"), "x_own", at(111)).is_empty());
        assert_eq!(abandoned.note(slots("0/2"), "x_own", at(171)), ["x_other"]);
    }
}
