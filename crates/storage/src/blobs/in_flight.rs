//! A blob between its first byte and the commit of its row.

use std::time::Duration;

use uuid::Uuid;

use super::Blobs;
use crate::error::{Result, StorageError};

/// How long a commit whose answer got lost may still take effect.
const UNDECIDED: Duration = Duration::from_secs(600);

/// A blob without a row. Dropped, it is removed; once a transaction decides about it ([`InFlight::settle`]), only the
/// outcome of that does.
#[derive(Debug)]
pub struct InFlight {
    blobs: Blobs,
    version: Uuid,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing refers to it: it goes with this value.
    Loose,
    /// A transaction that refers to it may have been committed: it stays whatever happens here.
    Deciding,
}

impl InFlight {
    pub(super) fn new(blobs: Blobs, version: Uuid) -> Self {
        Self {
            blobs,
            version,
            phase: Phase::Loose,
        }
    }

    /// The version that the row has to name.
    pub fn version(&self) -> Uuid {
        self.version
    }

    /// Runs the transaction that makes the row. It runs to its end when the request is given up: otherwise nobody would know
    /// whether the row is there. A refusal removes the blob; where the outcome is unknown, the sweep finds it out.
    pub async fn settle<T, F>(mut self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let task = tokio::spawn(async move {
            self.blobs.check(self.version)?;
            self.phase = Phase::Deciding;
            let outcome = change.await;
            match &outcome {
                Ok(_) => self.blobs.land(self.version).await,
                Err(error) if error.is_final() => self.phase = Phase::Loose,
                Err(_) => {
                    let (blobs, version) = (self.blobs.clone(), self.version);
                    tokio::spawn(async move {
                        tokio::time::sleep(UNDECIDED).await;
                        blobs.forget(version);
                    });
                }
            }
            drop(self);
            outcome
        });
        match task.await {
            Ok(outcome) => outcome,
            Err(error) => Err(StorageError::Internal(error.to_string())),
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.phase == Phase::Loose {
            self.blobs.discard(self.version);
        }
    }
}
