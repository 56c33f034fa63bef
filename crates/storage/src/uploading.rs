//! The way of an upload (§5): what the bucket takes, what the caller may do, the bytes, the row.
//!
//! The blob comes first and the row after it, so that a row never lacks its blob; the version that a row gave up is noted
//! for removal in the same transaction. Permissions are tried out as the caller in a transaction that is rolled back, the
//! row itself is the service's (§8).

use axum::body::Body;
use chrono::SecondsFormat;
use ferrobase_db::Executor;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ask::Target;
use crate::blobs::Stored;
use crate::error::{Result, StorageError};
use crate::incoming::Incoming;
use crate::model::rules;
use crate::permission;
use crate::scope::Scope;
use crate::state::State;
use crate::store::objects::NewObject;
use crate::store::{buckets, objects, pending, scope};

/// Files of this name keep an empty folder alive; they are empty themselves and of no type.
pub(crate) const PLACEHOLDER: &str = ".emptyFolderPlaceholder";

/// An upload that is to be.
#[derive(Debug)]
pub struct Upload {
    /// What it makes.
    pub target: Target,
    /// As whom.
    pub scope: Scope,
    /// Whose it will be.
    pub owner_id: Option<String>,
    /// What there is already is replaced.
    pub is_upsert: bool,
}

/// An object that was uploaded.
#[derive(Debug)]
pub struct Saved {
    /// Its id.
    pub id: Uuid,
    /// MD5 of its content in hexadecimal digits.
    pub md5: String,
}

impl Upload {
    /// Takes the bytes and makes the row. The object's id.
    pub async fn run(self, state: &State, headers: &HeaderMap, body: Body) -> Result<Uuid> {
        self.target.check()?;
        let bucket = buckets::find(&state.pool.reads(), &self.target.bucket).await?;
        let incoming = Incoming::read(headers, body).await?;
        let saved = self.save(state, &bucket, incoming, declared(headers)).await?;
        Ok(saved.id)
    }

    /// The same with what is known already; `declared` bytes are announced.
    pub async fn save(
        self,
        state: &State,
        bucket: &buckets::Bucket,
        incoming: Incoming,
        declared: Option<u64>,
    ) -> Result<Saved> {
        let limit = self.limit(state, bucket, &incoming)?;
        if !incoming.is_form && declared.is_some_and(|length| length > limit) {
            return Err(StorageError::TooLarge);
        }
        Box::pin(permission::may_write(
            state,
            &self.scope,
            &self.probe(&incoming, declared),
            self.is_upsert,
        ))
        .await?;
        let Incoming {
            mime,
            cache_control,
            robots,
            user_metadata,
            chunks,
            ..
        } = incoming;
        let stored = state.blobs.put(limit, chunks).await?;
        let facts = Facts {
            mime: &mime,
            cache_control: &cache_control,
            robots: robots.as_deref(),
        };
        let new = NewObject {
            bucket: self.target.bucket,
            name: self.target.key,
            owner_id: self.owner_id,
            version: stored.flight.version().to_string(),
            metadata: facts.metadata(state, &stored),
            user_metadata: Some(user_metadata.unwrap_or_else(|| json!({}))),
        };
        let md5 = stored.md5;
        let change = Box::pin(finish(
            state.clone(),
            self.scope.as_service(),
            new,
            self.is_upsert,
        ));
        let id = stored.flight.settle(change).await?;
        Ok(Saved { id, md5 })
    }

    /// Most bytes that may come; refuses types that the bucket does not take.
    fn limit(&self, state: &State, bucket: &buckets::Bucket, incoming: &Incoming) -> Result<u64> {
        if self.target.key.ends_with(PLACEHOLDER) {
            return Ok(0);
        }
        rules::check_mime(&bucket.allowed_mime_types, &incoming.mime)?;
        let own = bucket.file_size_limit.and_then(|limit| u64::try_from(limit).ok());
        Ok(own.unwrap_or(u64::MAX).min(state.config.file_size_limit))
    }

    /// The row as policies see it before the bytes are there.
    fn probe(&self, incoming: &Incoming, declared: Option<u64>) -> NewObject {
        NewObject {
            bucket: self.target.bucket.clone(),
            name: self.target.key.clone(),
            owner_id: self.owner_id.clone(),
            version: permission::VERSION.to_owned(),
            metadata: json!({ "mimetype": incoming.mime, "contentLength": declared }),
            user_metadata: incoming.user_metadata.clone(),
        }
    }
}

/// The length that the client announces.
pub fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What is kept of an object beside its bytes.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Its type.
    pub mime: &'a str,
    /// `Cache-Control` of answers.
    pub cache_control: &'a str,
    /// `X-Robots-Tag` of answers.
    pub robots: Option<&'a str>,
}

impl Facts<'_> {
    /// The column `metadata` of a new blob.
    pub fn metadata(&self, state: &State, stored: &Stored) -> Value {
        self.of(state, stored.size, &stored.md5)
    }

    /// The same for a blob of this size and hash.
    pub fn of(&self, state: &State, size: u64, md5: &str) -> Value {
        let mut metadata = json!({
            "eTag": format!("\"{}\"", md5),
            "size": size,
            "mimetype": self.mime,
            "cacheControl": self.cache_control,
            "lastModified": state.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true),
            "contentLength": size,
            "httpStatusCode": 200,
        });
        if let (Some(robots), Some(all)) = (self.robots, metadata.as_object_mut()) {
            all.insert("xRobotsTag".to_owned(), robots.into());
        }
        metadata
    }
}

/// Makes the row. Of several plain uploads of one new key exactly one gets here first.
pub async fn finish(state: State, scope: Scope, new: NewObject, is_upsert: bool) -> Result<Uuid> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let id = Box::pin(write(&tx, &scope, &new, is_upsert)).await?;
    tx.commit().await?;
    state.wake_sweep();
    Ok(id)
}

/// The row, within a transaction.
pub async fn write(tx: &impl Executor, scope: &Scope, new: &NewObject, is_upsert: bool) -> Result<Uuid> {
    let (entered, old) = futures_util::join!(scope.enter(tx), objects::lock(tx, &new.bucket, &new.name));
    entered?;
    let old = old?;
    if old.is_some() && !is_upsert {
        return Err(StorageError::KeyAlreadyExists);
    }
    let id = objects::upsert(tx, new).await?;
    if let Some(version) = old.and_then(|old| old.version) {
        scope::leave(tx).await?;
        pending::add(tx, &new.bucket, &[version]).await?;
    }
    Ok(id)
}
