//! Which blobs are in flight: a marker for each in the store, kept fresh as long as its process lives.
//!
//! Nobody else may take a blob for a leftover before its marker was left alone for [`Marks::abandoned`]. Ages are told by the
//! store's clock alone. Who could not keep a marker fresh for half of that time does not let a row refer to the blob any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, MissedTickBehavior};
use uuid::Uuid;

use super::Inner;
use crate::error::{Result, StorageError};

const FOLDER: &str = "pending/";

/// What this process has in flight.
#[derive(Debug)]
pub(super) struct Marks {
    all: Mutex<HashMap<Uuid, Mark>>,
    abandoned: Duration,
}

#[derive(Debug, Clone)]
struct Mark {
    /// When the marker was last written; when the blob was begun as long as it was not.
    written: Instant,
    /// The store's id of an upload in parts that builds the blob; nothing if there is none.
    upload: Option<String>,
}

impl Marks {
    pub(super) fn new(abandoned: Duration) -> Self {
        Self {
            all: Mutex::default(),
            abandoned,
        }
    }

    pub(super) fn abandoned(&self) -> Duration {
        self.abandoned
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Uuid, Mark>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn insert(&self, version: Uuid) {
        let mark = Mark {
            written: Instant::now(),
            upload: None,
        };
        self.all().insert(version, mark);
    }

    pub(super) fn remove(&self, version: Uuid) {
        self.all().remove(&version);
    }

    /// The blob is certainly nobody's leftover, and will not be one soon.
    pub(super) fn check(&self, version: Uuid) -> Result<()> {
        let is_fresh = self
            .all()
            .get(&version)
            .is_some_and(|mark| mark.written.elapsed() < self.abandoned / 2);
        if is_fresh {
            Ok(())
        } else {
            Err(StorageError::Store("a marker could not be kept fresh".to_owned()))
        }
    }

    /// Those whose marker is to be written again.
    fn due(&self) -> Vec<(Uuid, String)> {
        let due = self.abandoned / 6;
        let all = self.all();
        let due = all.iter().filter(|(_, mark)| mark.written.elapsed() >= due);
        due.filter_map(|(version, mark)| Some((*version, mark.upload.clone()?)))
            .collect()
    }
}

/// Writes markers again and again until the store is dropped.
pub(super) fn keep_fresh(inner: &Arc<Inner>) {
    let weak = Arc::downgrade(inner);
    let mut ticks = tokio::time::interval(inner.marks.abandoned / 12);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::spawn(async move {
        loop {
            ticks.tick().await;
            let Some(inner) = weak.upgrade() else { return };
            for (version, upload) in inner.marks.due() {
                if let Err(error) = inner.mark(version, &upload).await {
                    tracing::warn!(%error, %version, "the marker of a blob could not be written");
                }
            }
        }
    });
}

impl Inner {
    /// Writes the marker, which says by what upload in parts the blob is built.
    pub(super) async fn mark(&self, version: Uuid, upload: &str) -> Result<()> {
        let begun = Instant::now();
        let body = Bytes::copy_from_slice(upload.as_bytes());
        self.wire.put(&marker(version), body).await?;
        if let Some(mark) = self.marks.all().get_mut(&version) {
            mark.written = begun;
            mark.upload = Some(upload.to_owned());
        }
        Ok(())
    }

    /// Writes the marker of a blob that is in flight; one that is built for an upload with a row of its own needs none.
    pub(super) async fn mark_if_ours(&self, version: Uuid, upload: &str) -> Result<()> {
        let is_ours = self.marks.all().contains_key(&version);
        if is_ours {
            self.mark(version, upload).await
        } else {
            Ok(())
        }
    }

    pub(super) async fn unmark(&self, version: Uuid) {
        if let Err(error) = self.wire.delete(&[marker(version)]).await {
            tracing::warn!(%error, %version, "the marker of a blob could not be removed");
        }
    }

    /// Removes a blob, what it is built from, and then its marker.
    pub(super) async fn erase(&self, version: Uuid) {
        let erased = async {
            let name = version.to_string();
            let upload = self.wire.read(&marker(version), 4096).await?;
            if let Some(upload) = upload
                .as_deref()
                .and_then(|bytes| std::str::from_utf8(bytes).ok())
                && !upload.is_empty()
            {
                self.wire.abort(&name, upload).await?;
            }
            self.wire.delete(&[name]).await
        };
        match erased.await {
            Ok(()) => self.unmark(version).await,
            Err(error) => tracing::warn!(%error, %version, "a blob could not be removed"),
        }
    }

    pub(super) async fn leftovers(&self) -> Result<Vec<Uuid>> {
        let listed = self.wire.list(FOLDER).await?;
        let old = listed.entries.iter().filter(|entry| {
            (listed.now - entry.modified).to_std().unwrap_or_default() > self.marks.abandoned
        });
        let found = old.filter_map(|entry| Uuid::parse_str(entry.name.strip_prefix(FOLDER)?).ok());
        let found: Vec<Uuid> = found.collect();
        let ours = self.marks.all();
        Ok(found
            .into_iter()
            .filter(|version| !ours.contains_key(version))
            .collect())
    }
}

fn marker(version: Uuid) -> String {
    format!("{FOLDER}{version}")
}
