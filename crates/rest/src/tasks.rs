//! Loading settings and schema cache: at start, and again when the database says so (rest.md section 20).

use std::time::{Duration, Instant};

use ferrobase_db::{Connection, DbError, ExchangeError, Executor, Notifications};
use ferrobase_jwt::{Clock, KeyError, Verifier};

use crate::config::{RestConfig, SettingError, TokenSettings, read_database};
use crate::schema::{LoadOptions, SchemaCache, load};
use crate::state::Service;

/// First and longest wait before another attempt.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// All statements of a load see one state of the database.
const SNAPSHOT: &str = "set transaction isolation level repeatable read, read only";

/// How long the database must be quiet after a notification.
const SETTLE: Duration = Duration::from_millis(20);

/// How long a notification waits for the database to be quiet.
const LONGEST_SETTLE: Duration = Duration::from_millis(200);

/// Keeps settings and schema cache loaded until `ended`. A load that fails leaves them as they were.
pub async fn run_tasks(state: Service, ended: impl Future<Output = ()> + Send) {
    tokio::select! {
        () = ended => {}
        () = keep_loaded(&state) => {}
    }
}

async fn keep_loaded(state: &Service) {
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
async fn follow(state: &Service, wait: &mut Duration) -> Result<(), FollowError> {
    let mut notifications = match &state.first_config().channel {
        Some(channel) => Some(state.requests().listen(channel).await?),
        None => None,
    };
    reload(state).await?;
    *wait = FIRST_WAIT;
    loop {
        tokio::select! {
            () = state.reload_wanted() => {}
            told = wait_for_reload(notifications.as_mut()) => told?,
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

async fn wait_for_reload(notifications: Option<&mut Notifications>) -> Result<(), ExchangeError> {
    let Some(notifications) = notifications else {
        return std::future::pending().await;
    };
    while !asks_for_reload(&notifications.next().await?) {}
    // Several changes of one migration are one reload.
    let begun = Instant::now();
    while begun.elapsed() < LONGEST_SETTLE {
        match tokio::time::timeout(SETTLE, notifications.next()).await {
            Ok(more) => more?,
            Err(_) => break,
        };
    }
    Ok(())
}

/// Settings and schema cache are always loaded together: settings decide what is in the cache.
fn asks_for_reload(payload: &str) -> bool {
    let is_known = matches!(payload, "" | "reload schema" | "reload config");
    if !is_known {
        tracing::debug!(payload, "an unknown notification is ignored");
    }
    is_known
}

async fn reload(state: &Service) -> Result<(), DbError> {
    let mut connection = state.pool().get().await?;
    let (config, verifier) = match load_config(state, &mut connection).await {
        Ok(loaded) => loaded,
        Err(error) => {
            tracing::warn!(%error, "the settings in the database cannot be used; settings stay as they are");
            let now = state.now();
            (now.config().clone(), now.verifier().cloned())
        }
    };
    let cache = load_cache(&config, &mut connection).await?;
    state.replace(config, verifier, cache);
    Ok(())
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
enum ConfigError {
    #[error(transparent)]
    Read(#[from] DbError),
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

async fn load_config(
    state: &Service,
    connection: &mut Connection,
) -> Result<(RestConfig, Option<Verifier>), ConfigError> {
    let transaction = connection.begin().await?;
    transaction.execute(SNAPSHOT, &[]).await?;
    let stored = read_database(&transaction, state.first_config()).await?;
    transaction.rollback().await?;
    let (mut config, ignored) = stored.over(state.first_config())?;
    if !ignored.is_empty() {
        tracing::warn!(
            settings = ignored.join(", "),
            "these settings in the database are not applied: they are unknown, or decided at start"
        );
    }
    let verifier = match config.tokens.take() {
        Some(tokens) => {
            // A file is read again: that is how its key is exchanged.
            let tokens = tokens.with_file().await?;
            let verifier = verifier(state, &tokens)?;
            config.tokens = Some(tokens);
            verifier
        }
        None => state.now().verifier().cloned(),
    };
    Ok((config, verifier))
}

/// The one that is there as long as it is the same: it remembers the tokens that it has seen.
fn verifier(state: &Service, tokens: &TokenSettings) -> Result<Option<Verifier>, KeyError> {
    let now = state.now();
    if now.config().tokens.as_ref() == Some(tokens) && now.verifier().is_some() {
        return Ok(now.verifier().cloned());
    }
    tokens.verifier(Clock::System)
}

async fn load_cache(config: &RestConfig, connection: &mut Connection) -> Result<SchemaCache, DbError> {
    let options = LoadOptions {
        schemas: config.schemas.clone(),
        extra_search_path: config.extra_search_path.clone(),
    };
    let begun = Instant::now();
    let transaction = connection.begin().await?;
    transaction.execute(SNAPSHOT, &[]).await?;
    let cache = load(&transaction, &options).await?;
    transaction.rollback().await?;
    tracing::info!(
        relations = cache.relations.len(),
        routines = cache.routines.len(),
        millis = begun.elapsed().as_millis(),
        "schema cache loaded"
    );
    Ok(cache)
}
