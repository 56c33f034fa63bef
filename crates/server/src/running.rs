//! A running backend, from its last step of starting to its end.

use std::time::Duration;

use ferrobase_messages::Inbox;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use crate::database::Database;
use crate::endpoints::Endpoints;
use crate::error::Failed;
use crate::listener::Listening;
use crate::project::Project;
use crate::state_file::StateFile;

/// How long requests may go on after the end was asked for.
const DRAIN: Duration = Duration::from_secs(10);

/// By which a part reports that it cannot go on.
#[derive(Debug, Clone)]
pub(crate) struct Failure(watch::Sender<Option<Failed>>);

impl Failure {
    pub(crate) fn new() -> Self {
        Self(watch::channel(None).0)
    }

    /// The first report counts.
    pub(crate) fn report(&self, failed: Failed) {
        self.0.send_if_modified(|reported| {
            let is_first = reported.is_none();
            if is_first {
                *reported = Some(failed);
            }
            is_first
        });
    }
}

/// What ends in order.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) listeners: Vec<Listening>,
    pub(crate) inbox: Option<Inbox>,
    pub(crate) tasks: Vec<JoinHandle<()>>,
    pub(crate) database: Database,
    pub(crate) state_file: Option<StateFile>,
    pub(crate) project: Project,
}

/// A backend that serves. Dropping it ends PostgreSQL too, without waiting for requests; [`Running::stop`] is the
/// orderly way.
#[derive(Debug)]
pub struct Running {
    endpoints: Endpoints,
    failure: Failure,
    /// Tells background tasks to end.
    ending: watch::Sender<bool>,
    parts: Mutex<Option<Parts>>,
}

impl Running {
    pub(crate) fn new(
        endpoints: Endpoints,
        failure: Failure,
        ending: watch::Sender<bool>,
        parts: Parts,
    ) -> Self {
        Self {
            endpoints,
            failure,
            ending,
            parts: Mutex::new(Some(parts)),
        }
    }

    /// Addresses and keys.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Resolves when the backend cannot go on; [`Running::stop`] is then still due.
    pub async fn failed(&self) -> Failed {
        let mut reports = self.failure.0.subscribe();
        let report = reports
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|report| report.clone());
        match report {
            Some(failed) => failed,
            None => std::future::pending().await,
        }
    }

    /// Stops accepting, lets running requests end (at most 10 s), then ends the background tasks and the database.
    /// Calling it again does nothing.
    pub async fn stop(&self) {
        let Some(mut parts) = self.parts.lock().await.take() else {
            return;
        };
        if let Some(inbox) = &parts.inbox {
            // Ends the live pages, which would wait for messages for ever.
            inbox.close();
        }
        let drained = async {
            for listener in &mut parts.listeners {
                listener.drain().await;
            }
        };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            tracing::warn!("some requests did not end in time");
        }
        self.ending.send_replace(true);
        for task in parts.tasks {
            let _ = tokio::time::timeout(Duration::from_secs(2), task).await;
        }
        parts.database.stop().await;
        // Last: who waits for the end by this file may start again at once.
        drop(parts.state_file);
        drop(parts.project);
    }
}
