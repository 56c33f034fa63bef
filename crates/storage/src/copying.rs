//! Another object of the same bytes (§9).

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use crate::ask::Target;
use crate::error::{Result, StorageError};
use crate::permission;
use crate::scope::Scope;
use crate::state::State;
use crate::store::objects::{self, NewObject, Object};
use crate::store::{pending, scope};

/// A copy that is asked for.
pub struct Copying<'a> {
    /// As whom.
    pub scope: &'a Scope,
    /// Of what.
    pub from: &'a Target,
    /// Where to.
    pub to: &'a Target,
    /// The user's metadata; the source's if `None`.
    pub user_metadata: Option<Option<Value>>,
    /// The file's type; the source's if `None`.
    pub mime: Option<String>,
    /// `Cache-Control` of answers; the source's if `None`.
    pub cache_control: Option<String>,
    /// What there is already is replaced.
    pub is_upsert: bool,
    /// What the source has to be like.
    pub condition: &'a (dyn Fn(&Object) -> Result<()> + Sync),
}

impl Copying<'_> {
    /// Makes the copy. Its row as the API shows whole ones.
    pub async fn run(&self, state: &State) -> Result<Value> {
        match self.once(state).await {
            // The source was replaced between the look at its row and the copy of its bytes.
            Err(StorageError::NoBlob) => self.once(state).await,
            other => other,
        }
    }

    async fn once(&self, state: &State) -> Result<Value> {
        let source = permission::read(state, self.scope, &self.from.bucket, &self.from.key).await?;
        (self.condition)(&source)?;
        let mut new = NewObject {
            bucket: self.to.bucket.clone(),
            name: self.to.key.clone(),
            owner_id: self.scope.caller.sub.clone(),
            version: permission::VERSION.to_owned(),
            metadata: self.metadata(state, &source),
            user_metadata: match &self.user_metadata {
                Some(other) => other.clone(),
                None => source.user_metadata.clone(),
            },
        };
        Box::pin(permission::may_write(state, self.scope, &new, self.is_upsert)).await?;
        let version = source.blob().ok_or(StorageError::NoBlob)?;
        let flight = state.blobs.copy(version).await?;
        new.version = flight.version().to_string();
        let change = Box::pin(finish(
            state.clone(),
            self.scope.as_service(),
            new,
            self.is_upsert,
        ));
        flight.settle(change).await
    }

    /// The file's own metadata with what is to be different.
    fn metadata(&self, state: &State, source: &Object) -> Value {
        let mut all = source.metadata.as_object().cloned().unwrap_or_else(Map::new);
        let now = state.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let changes = [
            ("mimetype", self.mime.clone()),
            ("cacheControl", self.cache_control.clone()),
            ("lastModified", Some(now)),
        ];
        for (name, value) in changes {
            if let Some(value) = value {
                all.insert(name.to_owned(), json!(value));
            }
        }
        Value::Object(all)
    }
}

async fn finish(state: State, service: Scope, new: NewObject, is_upsert: bool) -> Result<Value> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let (entered, old) = futures_util::join!(service.enter(&tx), objects::lock(&tx, &new.bucket, &new.name));
    entered?;
    let old = old?;
    if old.is_some() && !is_upsert {
        return Err(StorageError::KeyAlreadyExists);
    }
    let (_, row) = objects::upsert_shown(&tx, &new).await?;
    if let Some(version) = old.and_then(|old| old.version) {
        scope::leave(&tx).await?;
        pending::add(&tx, &new.bucket, &[version]).await?;
    }
    tx.commit().await?;
    state.wake_sweep();
    Ok(row)
}
