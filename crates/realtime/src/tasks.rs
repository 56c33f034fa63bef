//! Background work: the buckets of the rates; at the end all sockets are told to come back later.

use std::time::Duration;

use crate::model::rate::BUCKET;
use crate::state::State;

/// Longest wait for sockets to end.
const FAREWELL: Duration = Duration::from_millis(1500);

/// Between two looks at the partitions of messages.
const PARTITIONS: Duration = Duration::from_secs(4 * 3600);

/// Works until `ended` resolves.
pub async fn run_tasks(state: State, ended: impl Future<Output = ()> + Send) {
    let mut ended = std::pin::pin!(ended);
    let mut ticks = tokio::time::interval(Duration::from_secs(BUCKET));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    // The first look is now: migrations ran long ago, as a rule.
    let mut days = tokio::time::interval(PARTITIONS);
    days.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = &mut ended => break,
            _ = ticks.tick() => {
                state.joins().tick();
                state.hub().tick();
                if let Some(lag) = state.changes.lag() {
                    state.meters().lag(lag);
                }
            }
            _ = days.tick() => state.authorizer.keep_partitions().await,
        }
    }
    state.hub().drain();
    // Whoever is still there is told why it ends.
    let _ = tokio::time::timeout(FAREWELL, async {
        while state.hub().has_sockets() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}
