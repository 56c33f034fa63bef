//! Uploads in parts: every part is a blob of its own, the end joins them (§14).
//!
//! What the caller may do is tried out with every request, as if the object were written now. The rows of uploads and parts
//! are the service's.

use chrono::SecondsFormat;
use data_encoding::HEXLOWER;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ask::Target;
use crate::blobs::Stored;
use crate::error::{Result, StorageError};
use crate::incoming::Chunks;
use crate::permission;
use crate::s3::fault::Fault;
use crate::scope::Scope;
use crate::state::State;
use crate::store::multipart::{self, Part, Upload};
use crate::store::objects::NewObject;
use crate::store::{buckets, objects, pending, scope};

/// Most parts of an upload.
pub const MOST: i32 = 10_000;

/// An upload that a request names.
#[derive(Debug, Clone)]
pub struct Order {
    /// As whom.
    pub scope: Scope,
    /// The upload.
    pub id: String,
    /// Its object.
    pub target: Target,
}

impl Order {
    /// The upload, if the caller may write its object.
    pub async fn find(&self, state: &State) -> Result<Upload> {
        let upload = multipart::find(&state.pool.reads(), &self.id, &self.target).await?;
        may_write(
            state,
            &self.scope,
            &self.target,
            &upload.metadata,
            upload.user_metadata.clone(),
        )
        .await?;
        Ok(upload)
    }

    /// Takes the bytes of a part. Its tag.
    pub async fn put_part(
        &self,
        state: &State,
        number: i32,
        length: Option<u64>,
        chunks: Chunks,
    ) -> Result<Part> {
        let upload = self.find(state).await?;
        let most = limit(state, &self.target.bucket).await?;
        let there = multipart::parts(&state.pool.reads(), &self.id, number - 1, 1).await?;
        let replaced = there
            .first()
            .filter(|part| part.number == number)
            .map_or(0, |part| part.size);
        let used = u64::try_from(upload.size - replaced).unwrap_or_default();
        let left = most.saturating_sub(used);
        if length.is_some_and(|length| length > left) {
            return Err(StorageError::TooLarge);
        }
        let stored = state.blobs.put(left, chunks).await?;
        let part = Part {
            number,
            etag: format!("\"{}\"", stored.md5),
            size: i64::try_from(stored.size).unwrap_or(i64::MAX),
            version: stored.flight.version().to_string(),
            created_at: state.clock.now(),
        };
        let Stored { flight, .. } = stored;
        let change = Box::pin(keep(state.clone(), self.clone(), part.clone(), most));
        flight.settle(change).await?;
        Ok(part)
    }

    /// Joins parts, all of them without a list. The object's tag.
    pub async fn complete(&self, state: &State, wanted: &[(i32, String)]) -> Result<String> {
        let upload = self.find(state).await?;
        let there = multipart::parts(&state.pool.reads(), &self.id, 0, MOST.into()).await?;
        let parts = chosen(there, wanted)?;
        let size = parts
            .iter()
            .map(|part| u64::try_from(part.size).unwrap_or_default())
            .sum::<u64>();
        if size > limit(state, &self.target.bucket).await? {
            return Err(StorageError::TooLarge);
        }
        let versions: Option<Vec<Uuid>> = parts
            .iter()
            .map(|part| Uuid::parse_str(&part.version).ok())
            .collect();
        let joined = state.blobs.join(versions.ok_or(Fault::InvalidPart)?).await;
        let flight = joined.map_err(|error| match error {
            // A part was replaced meanwhile.
            StorageError::NoBlob => Fault::InvalidPart.into(),
            other => other,
        })?;
        let etag = etag(&parts)?;
        let mut metadata = upload.metadata.clone();
        let now = state.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
        if let Some(all) = metadata.as_object_mut() {
            all.insert("eTag".to_owned(), json!(etag));
            all.insert("size".to_owned(), json!(size));
            all.insert("contentLength".to_owned(), json!(size));
            all.insert("lastModified".to_owned(), json!(now));
            all.insert("httpStatusCode".to_owned(), json!(200));
        }
        let new = NewObject {
            bucket: self.target.bucket.clone(),
            name: self.target.key.clone(),
            owner_id: upload.owner_id.clone(),
            version: flight.version().to_string(),
            metadata,
            user_metadata: Some(upload.user_metadata.unwrap_or_else(|| json!({}))),
        };
        let change = Box::pin(finish(state.clone(), self.clone(), new, parts));
        flight.settle(change).await?;
        Ok(etag)
    }

    /// Gives an upload up.
    pub async fn abort(&self, state: &State) -> Result<()> {
        self.find(state).await?;
        let mut connection = state.pool.get().await?;
        let tx = connection.begin().await?;
        multipart::lock(&tx, &self.id, &self.target).await?;
        let versions = multipart::delete(&tx, &self.id).await?;
        pending::add(&tx, &self.target.bucket, &versions).await?;
        tx.commit().await?;
        state.wake_sweep();
        Ok(())
    }
}

/// Begins an upload. Its id.
pub async fn create(
    state: &State,
    caller: &Scope,
    target: &Target,
    metadata: &Value,
    user_metadata: &Value,
) -> Result<String> {
    may_write(state, caller, target, metadata, Some(user_metadata.clone())).await?;
    let owner_id = caller.caller.sub.as_deref();
    multipart::create(&state.pool, target, owner_id, metadata, user_metadata).await
}

async fn may_write(
    state: &State,
    caller: &Scope,
    target: &Target,
    metadata: &Value,
    user_metadata: Option<Value>,
) -> Result<()> {
    let probe = NewObject {
        bucket: target.bucket.clone(),
        name: target.key.clone(),
        owner_id: caller.caller.sub.clone(),
        version: permission::VERSION.to_owned(),
        metadata: metadata.clone(),
        user_metadata,
    };
    Box::pin(permission::may_write(state, caller, &probe, true)).await
}

/// Most bytes of an object in a bucket; in this protocol a bucket's limit of 0 is none.
async fn limit(state: &State, bucket: &str) -> Result<u64> {
    let bucket = buckets::find(&state.pool.reads(), bucket).await?;
    let own = bucket
        .file_size_limit
        .filter(|limit| *limit != 0)
        .and_then(|limit| u64::try_from(limit).ok());
    Ok(own.unwrap_or(u64::MAX).min(state.config.file_size_limit))
}

/// The row of a part, unless all parts together are too large by now.
async fn keep(state: State, order: Order, part: Part, most: u64) -> Result<()> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let upload = multipart::lock(&tx, &order.id, &order.target).await?;
    let (old, size) = multipart::replace_part(&tx, &upload, &order.target, &part).await?;
    if u64::try_from(size).unwrap_or_default() > most {
        return Err(StorageError::TooLarge);
    }
    pending::add(&tx, &order.target.bucket, &old).await?;
    tx.commit().await?;
    state.wake_sweep();
    Ok(())
}

/// The row of the object instead of those of its parts, if they are still the ones that were joined.
async fn finish(state: State, order: Order, new: NewObject, joined: Vec<Part>) -> Result<()> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    multipart::lock(&tx, &order.id, &order.target).await?;
    let there = multipart::parts(&tx, &order.id, 0, MOST.into()).await?;
    if !joined.iter().all(|part| there.contains(part)) {
        return Err(Fault::InvalidPart.into());
    }
    let mut versions = multipart::delete(&tx, &order.id).await?;
    let service = order.scope.as_service();
    let (entered, old) = futures_util::join!(service.enter(&tx), objects::lock(&tx, &new.bucket, &new.name));
    entered?;
    versions.extend(old?.and_then(|old| old.version));
    objects::upsert(&tx, &new).await?;
    scope::leave(&tx).await?;
    pending::add(&tx, &new.bucket, &versions).await?;
    tx.commit().await?;
    state.wake_sweep();
    Ok(())
}

/// The parts of a list, which has to be in order and to name them by their tags.
fn chosen(there: Vec<Part>, wanted: &[(i32, String)]) -> Result<Vec<Part>> {
    if wanted.is_empty() {
        return if there.is_empty() {
            Err(Fault::InvalidPart.into())
        } else {
            Ok(there)
        };
    }
    if !wanted.is_sorted_by(|(a, _), (b, _)| a < b) {
        return Err(Fault::PartOrder.into());
    }
    let mut there = there.into_iter();
    wanted
        .iter()
        .map(|(number, etag)| {
            there
                .find(|part| part.number == *number)
                .filter(|part| etag.is_empty() || part.etag.trim_matches('"') == etag.trim_matches('"'))
                .ok_or_else(|| Fault::InvalidPart.into())
        })
        .collect()
}

/// The tag of an object in parts, as S3 makes it: a hash of their hashes, and their number.
fn etag(parts: &[Part]) -> Result<String> {
    let mut hash = Md5::new();
    for part in parts {
        let digits = part.etag.trim_matches('"').to_ascii_lowercase();
        hash.update(
            HEXLOWER
                .decode(digits.as_bytes())
                .map_err(|_| Fault::InvalidPart)?,
        );
    }
    Ok(format!(
        "\"{}-{}\"",
        HEXLOWER.encode(&hash.finalize()),
        parts.len()
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn part(number: i32, etag: &str) -> Part {
        Part {
            number,
            etag: format!("\"{etag}\""),
            size: 1,
            version: String::new(),
            created_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn lists_of_parts() {
        let there = || vec![part(1, "a"), part(3, "b"), part(4, "c")];
        let numbers = |wanted: &[(i32, &str)]| {
            let wanted: Vec<(i32, String)> = wanted.iter().map(|(n, e)| (*n, (*e).to_owned())).collect();
            chosen(there(), &wanted).map(|parts| parts.iter().map(|part| part.number).collect::<Vec<_>>())
        };
        assert_eq!(numbers(&[]).unwrap(), [1, 3, 4]);
        assert_eq!(numbers(&[(1, "\"a\""), (4, "c")]).unwrap(), [1, 4]);
        for bad in [
            &[(1, "x")][..],
            &[(2, "a")],
            &[(3, "b"), (1, "a")],
            &[(1, "a"), (1, "a")],
        ] {
            assert!(numbers(bad).is_err(), "{bad:?}");
        }
        assert!(chosen(Vec::new(), &[]).is_err());
    }

    #[test]
    fn tags() {
        // As Amazon S3 answers for two parts of these hashes.
        let parts = [
            part(1, "5d41402abc4b2a76b9719d911017c592"),
            part(2, "7d793037a0760186574b0282f2f435e7"),
        ];
        assert!(etag(&parts).unwrap().ends_with("-2\""));
        assert_eq!(etag(&parts).unwrap().len(), 36);
        assert!(etag(&[part(1, "not hexadecimal")]).is_err());
    }
}
