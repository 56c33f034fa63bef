//! How a subscription begins (§7.3), changes its caller and ends.

use std::sync::Arc;
use std::time::Duration;

use ferrobase_db::DbError;
use ferrobase_replication::State;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::feed::{Feed, Inner};
use crate::params::{Request, read};
use crate::predicate::{Given, Predicate, given};
use crate::registry::{Caller, Entry, Member, Sink};
use crate::store::{checks, tables};
use crate::table::Table;

/// Between two attempts when the database fails, or has no stream.
const RETRY: Duration = Duration::from_secs(5);

const SUBSCRIBED: &str = "Subscribed to PostgreSQL";
const REFUSED: &str = "Unable to subscribe to changes with given parameters.";

/// What a subscriber asks for, and by which id events name it.
#[derive(Debug, Clone)]
pub struct Binding {
    /// Id.
    pub id: u64,
    /// As the client sent it.
    pub given: serde_json::Value,
}

/// Somebody who wants to know.
#[derive(Debug)]
pub struct Subscriber {
    /// Where to tell it.
    pub sink: Arc<dyn Sink>,
    /// What.
    pub bindings: Vec<Binding>,
    /// As whom.
    pub caller: Caller,
}

/// A running subscription; dropping it ends it.
#[derive(Debug)]
pub struct Subscription {
    caller: watch::Sender<Caller>,
    task: JoinHandle<()>,
}

impl Subscription {
    /// Subscribes anew as somebody else; until that has worked the old claims count.
    pub fn renew(&self, caller: Caller) {
        self.caller.send_replace(caller);
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Feed {
    /// Begins a subscription; its sink hears how it went. Every change that is committed after the sink heard "subscribed"
    /// is told once and in the order of the commits, or the sink hears an error.
    pub fn subscribe(&self, subscriber: Subscriber) -> Subscription {
        let (caller, changes) = watch::channel(subscriber.caller.clone());
        let task = tokio::spawn(keep(self.clone(), subscriber, changes));
        Subscription { caller, task }
    }
}

/// A member that leaves when this is dropped.
struct Registered {
    inner: Arc<Inner>,
    id: u64,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.inner.registry().remove(self.id);
    }
}

enum Refusal {
    /// Asking again would not help.
    Final(String),
    Passing(String),
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        tracing::debug!(%error, "a subscription waits for the database");
        Self::Passing("Unable to subscribe to changes: the database cannot be asked at the moment".to_owned())
    }
}

async fn keep(feed: Feed, subscriber: Subscriber, mut callers: watch::Receiver<Caller>) {
    let mut registered: Option<Registered> = None;
    loop {
        let caller = callers.borrow_and_update().clone();
        tokio::select! {
            biased;
            // A later caller wins.
            changed = callers.changed() => {
                if changed.is_err() {
                    return;
                }
                continue;
            }
            begun = begin(&feed, &subscriber, &caller, &mut registered) => match begun {
                Ok(()) => subscriber.sink.system(Ok(SUBSCRIBED)),
                Err(Refusal::Final(message)) => {
                    registered = None;
                    subscriber.sink.system(Err(&message));
                }
                Err(Refusal::Passing(message)) => {
                    subscriber.sink.system(Err(&message));
                    tokio::select! {
                        _ = callers.changed() => {}
                        () = tokio::time::sleep(RETRY) => {}
                    }
                    continue;
                }
            }
        }
        if callers.changed().await.is_err() {
            return;
        }
    }
}

async fn begin(
    feed: &Feed,
    subscriber: &Subscriber,
    caller: &Caller,
    registered: &mut Option<Registered>,
) -> Result<(), Refusal> {
    let inner = &feed.0;
    let mut requests = Vec::with_capacity(subscriber.bindings.len());
    for binding in &subscriber.bindings {
        requests.push((binding.id, read(&binding.given).map_err(Refusal::Final)?));
    }
    let mut status = inner.status.clone();
    if !status.settled().await {
        return Err(Refusal::Final("Realtime has ended".to_owned()));
    }
    if let State::Unavailable(reason) = status.state() {
        return Err(Refusal::Passing(format!(
            "Unable to subscribe to changes: {reason}"
        )));
    }
    let mut prepared = Vec::with_capacity(requests.len());
    for (id, request) in requests {
        let predicates = check(inner, caller, &request).await?;
        prepared.push((id, request, predicates));
    }
    let mut registry = inner.registry();
    let member = Arc::new(Member {
        id: inner.next_id(),
        sink: Arc::clone(&subscriber.sink),
        group: registry.group(caller),
    });
    let entries = prepared.into_iter().map(|(id, request, predicates)| Entry {
        member: Arc::clone(&member),
        id,
        kind: request.kind,
        schema: request.schema,
        table: request.table,
        predicates,
        select: request.select.map(Into::into),
    });
    let entries = entries.collect();
    registry.insert(&member, entries);
    if let Some(mut old) = registered.take() {
        registry.remove(old.id);
        old.id = member.id;
        *registered = Some(old);
    } else {
        *registered = Some(Registered {
            inner: Arc::clone(inner),
            id: member.id,
        });
    }
    Ok(())
}

/// Whether a binding is possible; its conditions as tests.
async fn check(inner: &Inner, caller: &Caller, request: &Request) -> Result<Vec<Predicate>, Refusal> {
    let pool = inner.catalog.pool();
    let exception = |reason: &str| {
        Refusal::Final(format!(
            "{REFUSED} An exception happened so please check your connect parameters: {}. Exception: {reason}",
            request.shown()
        ))
    };
    let found = tables::published(
        pool,
        &inner.options.publication,
        request.schema.as_deref(),
        request.table.as_deref(),
    )
    .await?;
    let Some(oid) = found.first() else {
        return Err(Refusal::Final(format!(
            "{REFUSED} Please check Realtime is enabled for the given connect parameters: {}",
            request.shown()
        )));
    };
    if !tables::has_role(pool, &caller.role).await? {
        return Err(exception(&format!("role \"{}\" does not exist", caller.role)));
    }
    if request.conditions.is_empty() && request.select.is_none() {
        return Ok(Vec::new());
    }
    inner.catalog.forget(*oid);
    let Some(table) = inner.catalog.table(*oid).await? else {
        return Err(Refusal::Passing(format!(
            "{REFUSED} The table is gone: {}",
            request.shown()
        )));
    };
    let view = inner.catalog.view(&caller.role, *oid).await?;
    let is_readable = |name: &str| table.column(name).is_some_and(|(index, _)| view.can_read(index));
    for name in request.select.iter().flatten() {
        if !is_readable(name) {
            return Err(exception(&format!("invalid column for select {name}")));
        }
    }
    let mut predicates = Vec::with_capacity(request.conditions.len());
    for condition in &request.conditions {
        let Some((_, column)) = table
            .column(&condition.column)
            .filter(|_| is_readable(&condition.column))
        else {
            return Err(exception(&format!(
                "invalid column for filter {}",
                condition.column
            )));
        };
        let predicate = match given(condition, column).map_err(|reason| exception(&reason))? {
            Given::Values(values) => canonical(inner, &table, &condition.column, &values)
                .await
                .map(|values| Predicate::new(condition, column, values)),
            Given::Question(question) => checks::try_out(pool, &question)
                .await
                .map(|()| Predicate::asked(condition, column, question)),
        };
        // Values that are none of the type, patterns that are none, operators that the type does not have.
        let is_refused = |code: &str| code.starts_with("22") || code.starts_with("42");
        match predicate {
            Err(error) if error.sqlstate().is_some_and(is_refused) => {
                return Err(exception(error.db_message().unwrap_or("invalid value")));
            }
            other => predicates.push(other?),
        }
    }
    Ok(predicates)
}

async fn canonical(
    inner: &Inner,
    table: &Table,
    column: &str,
    given: &[String],
) -> Result<Vec<String>, DbError> {
    match table.column(column) {
        Some((_, column)) if !given.is_empty() => {
            tables::canonical(inner.catalog.pool(), &column.base, given).await
        }
        _ => Ok(Vec::new()),
    }
}
