//! The sweep: removes blobs that rows gave up, and what a crash left in flight. It goes on after every restart where it was.

use std::time::Duration;

use uuid::Uuid;

use crate::error::Result;
use crate::resuming;
use crate::state::State;
use crate::store::pending;

/// Time from the start of the process to the first look for leftovers: what an earlier one committed last is visible by
/// then.
const FIRST: Duration = Duration::from_secs(10);

/// Longest time between two rounds when nothing wakes the sweep.
const PAUSE: Duration = Duration::from_secs(300);

/// Blobs of one transaction.
const BATCH: i64 = 500;

/// Works until `shutdown` resolves. What fails is logged and tried again in the next round.
pub async fn run_tasks(state: State, shutdown: impl Future<Output = ()> + Send) {
    let mut shutdown = std::pin::pin!(shutdown);
    // Where leftovers are told by their age, no later than they are of it.
    let pause = PAUSE.min(state.blobs.abandoned());
    let mut look = tokio::time::interval_at(tokio::time::Instant::now() + FIRST, pause);
    loop {
        let outcome = tokio::select! {
            () = &mut shutdown => return,
            _ = look.tick() => both(&state).await,
            () = state.sweep_woken() => superfluous(&state).await,
        };
        if let Err(error) = outcome {
            tracing::warn!(%error, "the sweep of blobs failed");
        }
    }
}

async fn both(state: &State) -> Result<()> {
    leftovers(state).await?;
    resuming::expire(state).await?;
    superfluous(state).await
}

/// Blobs that the table of pending deletions names, batch after batch.
pub async fn superfluous(state: &State) -> Result<()> {
    loop {
        let mut connection = state.pool.get().await?;
        let tx = connection.begin().await?;
        if !pending::try_lock(&tx).await? {
            return Ok(());
        }
        let due = pending::due(&tx, BATCH).await?;
        if due.is_empty() {
            return Ok(());
        }
        let versions: Vec<Uuid> = due.iter().filter_map(|text| Uuid::parse_str(text).ok()).collect();
        state.images().forget(&versions);
        let failed = state.blobs.remove(versions).await;
        let failed: Vec<String> = failed.iter().map(ToString::to_string).collect();
        let gone: Vec<String> = due
            .iter()
            .filter(|version| !failed.contains(version))
            .cloned()
            .collect();
        pending::done(&tx, &gone).await?;
        pending::later(&tx, &failed).await?;
        tx.commit().await?;
        tracing::debug!(blobs = gone.len(), "superfluous blobs removed");
        if i64::try_from(due.len()).unwrap_or(BATCH) < BATCH {
            return Ok(());
        }
    }
}

/// Blobs that were in flight when a process died: those with a row stay, the others go.
pub async fn leftovers(state: &State) -> Result<()> {
    let found = state.blobs.leftovers().await?;
    for versions in found.chunks(usize::try_from(BATCH).unwrap_or(500)) {
        let referred = pending::referred(&state.pool, versions).await?;
        let (kept, orphans): (Vec<Uuid>, Vec<Uuid>) = versions
            .iter()
            .partition(|version| referred.contains(&version.to_string()));
        tracing::info!(
            kept = kept.len(),
            orphans = orphans.len(),
            "blobs in flight of an earlier process"
        );
        state.blobs.decided(kept, orphans).await;
    }
    Ok(())
}
