//! Background work: clean-up (auth.md 19.7), and the templates of mails that are somewhere else (19.1).

use std::time::Duration;

use crate::error::Result;
use crate::state::State;
use crate::store::cleanup;

/// Time between two rounds, before a random part.
const PAUSE: Duration = Duration::from_secs(300);

/// Cleans up every few minutes until `shutdown` resolves. A failed statement is logged and tried again in the next round.
pub async fn run_tasks(state: State, shutdown: impl Future<Output = ()> + Send) {
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => return,
            () = tokio::time::sleep(pause(&state)) => {}
        }
        tokio::select! {
            () = &mut shutdown => return,
            () = round(&state) => {}
        }
    }
}

/// Several processes do not wake at the same time.
fn pause(state: &State) -> Duration {
    let [part] = state.random.bytes();
    PAUSE + Duration::from_millis(u64::from(part) * 200)
}

async fn round(state: &State) {
    state.mailer.refresh_templates(&state.outgoing).await;
    for &(what, sql) in cleanup::STATEMENTS {
        match step(state, sql).await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(what, rows, "cleaned up"),
            Err(error) => tracing::warn!(what, %error, "clean-up failed"),
        }
    }
    if let Err(error) = end_sessions(state).await {
        tracing::warn!(what = "ended sessions", %error, "clean-up failed");
    }
}

/// One statement in its own transaction, unless another process is at it.
async fn step(state: &State, sql: &'static str) -> Result<u64> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    if !cleanup::try_lock(&tx).await? {
        return Ok(0);
    }
    let rows = cleanup::run(&tx, sql, state.now()).await?;
    tx.commit().await?;
    Ok(rows)
}

async fn end_sessions(state: &State) -> Result<()> {
    let rules = &state.config.sessions;
    if rules.timebox.is_none() && rules.inactivity_timeout.is_none() {
        return Ok(());
    }
    let seconds = |limit: Option<Duration>| limit.map(|limit| limit.as_secs_f64());
    cleanup::expired_sessions(
        &state.pool,
        seconds(rules.timebox),
        seconds(rules.inactivity_timeout),
        state.now(),
    )
    .await?;
    Ok(())
}
