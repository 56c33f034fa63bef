//! Loading the schema cache: at start, and again when the database says so (rest.md section 20).

use std::time::Duration;

use ferrobase_db::{DbError, ExchangeError, Executor, Notifications};

use crate::schema::{LoadOptions, load};
use crate::state::State;

/// First and longest wait before another attempt.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// How long the database must be quiet after a notification.
const SETTLE: Duration = Duration::from_millis(20);

/// Keeps the schema cache loaded until `ended`. A load that fails leaves the cache as it was.
pub async fn run_tasks(state: State, ended: impl Future<Output = ()> + Send) {
    tokio::select! {
        () = ended => {}
        () = keep_loaded(&state) => {}
    }
}

async fn keep_loaded(state: &State) {
    let mut wait = FIRST_WAIT;
    loop {
        // Listening begins before loading, so that no change in between is missed.
        match follow(state, &mut wait).await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(%error, "the schema cache is not kept up to date; trying again");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}

/// Loads, and loads again on every notification, until the connection breaks.
async fn follow(state: &State, wait: &mut Duration) -> Result<(), FollowError> {
    let mut notifications = match &state.config().channel {
        Some(channel) => Some(state.requests().listen(channel).await?),
        None => None,
    };
    reload(state).await?;
    *wait = FIRST_WAIT;
    loop {
        match &mut notifications {
            Some(notifications) => wait_for_reload(notifications).await?,
            None => std::future::pending().await,
        }
        reload(state).await?;
    }
}

/// Why the schema cache is not followed.
#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error(transparent)]
    Load(#[from] DbError),
    #[error(transparent)]
    Listen(#[from] ExchangeError),
}

async fn wait_for_reload(notifications: &mut Notifications) -> Result<(), ExchangeError> {
    while !asks_for_reload(&notifications.next().await?) {}
    // Several changes of one migration are one reload.
    while let Ok(more) = tokio::time::timeout(SETTLE, notifications.next()).await {
        asks_for_reload(&more?);
    }
    Ok(())
}

fn asks_for_reload(payload: &str) -> bool {
    match payload {
        "" | "reload schema" => true,
        "reload config" => {
            tracing::info!("settings are read at start only: restart to change them");
            false
        }
        other => {
            tracing::debug!(payload = other, "an unknown notification is ignored");
            false
        }
    }
}

async fn reload(state: &State) -> Result<(), DbError> {
    let config = state.config();
    let options = LoadOptions {
        schemas: config.schemas.clone(),
        extra_search_path: config.extra_search_path.clone(),
    };
    let begun = std::time::Instant::now();
    let mut connection = state.pool().get().await?;
    let transaction = connection.begin().await?;
    transaction
        .execute("set transaction isolation level repeatable read, read only", &[])
        .await?;
    let cache = load(&transaction, &options).await?;
    transaction.rollback().await?;
    tracing::info!(
        relations = cache.relations.len(),
        routines = cache.routines.len(),
        millis = begun.elapsed().as_millis(),
        "schema cache loaded"
    );
    state.replace_cache(cache);
    Ok(())
}
