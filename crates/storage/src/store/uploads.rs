//! Resumable uploads under way (§13). A row says how many bytes of its blob are safe; it is there before the blob's first
//! byte, so that every blob of an upload that is given up is found by its row.

use chrono::{DateTime, Utc};
use ferrobase_db::{Executor, Row};
use serde_json::Value;
use uuid::Uuid;

use super::buckets::column;
use crate::error::{Result, StorageError};

/// An upload under way.
#[derive(Debug, Clone)]
pub struct Resumable {
    /// Its id, by which it is locked.
    pub id: Uuid,
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub name: String,
    /// The version of its blob.
    pub version: Uuid,
    /// Bytes of the whole; `None` until the client says it.
    pub length: Option<u64>,
    /// Bytes that are safe.
    pub offset: u64,
    /// State of the MD5 over these.
    pub hash: Option<Vec<u8>>,
    /// When it is given up.
    pub expires_at: DateTime<Utc>,
    /// Its object is made; the row is only remembered.
    pub is_complete: bool,
    /// What the client said of it.
    pub terms: Terms,
}

/// What an upload is begun with.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The header `Upload-Metadata`.
    pub header: String,
    /// Its type.
    pub mime: String,
    /// `Cache-Control` of later answers.
    pub cache_control: String,
    /// The user's metadata.
    pub user_metadata: Option<Value>,
    /// Whose it will be.
    pub owner_id: Option<String>,
    /// The database role of who began it.
    pub role: String,
    /// What there is already is replaced.
    pub is_upsert: bool,
    /// Begun with a signed URL.
    pub is_signed: bool,
}

const BEGIN: &str = "\
    insert into _ferrobase.storage_uploads (bucket_id, name, version, upload_length, upload_metadata, content_type, \
        cache_control, user_metadata, owner_id, role, upsert, signed, expires_at) \
    values ($1, $2, gen_random_uuid()::text, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning id, version";
const FIND: &str = "\
    select id, bucket_id, name, version, upload_length, upload_offset, hash_state, expires_at, completed_at is not null, \
        coalesce(upload_metadata, ''), coalesce(content_type, ''), coalesce(cache_control, ''), user_metadata, owner_id, \
        role, upsert, signed \
    from _ferrobase.storage_uploads where version = $1 and bucket_id = $2 and name = $3";
/// Nobody else went on meanwhile: the offset is where this writer left it.
const PROGRESS: &str = "\
    update _ferrobase.storage_uploads \
    set upload_offset = $3, upload_length = $4, hash_state = $5, updated_at = now() \
    where id = $1 and upload_offset = $2 and completed_at is null";
const COMPLETE: &str = "\
    update _ferrobase.storage_uploads \
    set upload_offset = $3, upload_length = $3, hash_state = null, updated_at = now(), completed_at = now() \
    where id = $1 and upload_offset = $2 and completed_at is null";
const DROP: &str = "delete from _ferrobase.storage_uploads where id = $1 and completed_at is null";
const EXPIRED: &str = "\
    select id, bucket_id, version from _ferrobase.storage_uploads \
    where expires_at <= $1 order by expires_at limit $2";
const FORGET: &str = "\
    delete from _ferrobase.storage_uploads where id = $1 returning completed_at is not null";

/// A new upload. Its id and the version of its blob.
pub async fn begin(
    db: &impl Executor,
    (bucket, name): (&str, &str),
    length: Option<u64>,
    terms: &Terms,
    expires_at: DateTime<Utc>,
) -> Result<(Uuid, Uuid)> {
    let row = db
        .query_one(
            BEGIN,
            &[
                &bucket,
                &name,
                &length.map(signed),
                &terms.header,
                &terms.mime,
                &terms.cache_control,
                &terms.user_metadata,
                &terms.owner_id,
                &terms.role,
                &terms.is_upsert,
                &terms.is_signed,
                &expires_at,
            ],
        )
        .await?;
    Ok((column(&row, 0)?, version(&column::<String>(&row, 1)?)?))
}

/// The upload of this version, if it is one of this key.
pub async fn find(db: &impl Executor, version: Uuid, bucket: &str, name: &str) -> Result<Option<Resumable>> {
    let row = db
        .query_opt(FIND, &[&version.to_string(), &bucket, &name])
        .await?;
    row.as_ref().map(row_of).transpose()
}

/// Notes that `offset` bytes are safe now; `ResourceLocked` when somebody else went on since `before`.
pub async fn progress(
    db: &impl Executor,
    id: Uuid,
    before: u64,
    (offset, length): (u64, Option<u64>),
    hash: &[u8],
) -> Result<()> {
    let changed = db
        .execute(
            PROGRESS,
            &[&id, &signed(before), &signed(offset), &length.map(signed), &hash],
        )
        .await?;
    one(changed)
}

/// The object is made. At most one transaction gets this done.
pub async fn complete(tx: &impl Executor, id: Uuid, before: u64, length: u64) -> Result<()> {
    one(tx
        .execute(COMPLETE, &[&id, &signed(before), &signed(length)])
        .await?)
}

/// Gives an upload up that is not complete.
pub async fn drop_open(tx: &impl Executor, id: Uuid) -> Result<()> {
    one(tx.execute(DROP, &[&id]).await?)
}

/// An upload whose time is over.
#[derive(Debug)]
pub struct Expired {
    /// Its id.
    pub id: Uuid,
    /// The bucket.
    pub bucket: String,
    /// The version of its blob.
    pub version: String,
}

/// At most `most` uploads whose time is over.
pub async fn expired(db: &impl Executor, now: DateTime<Utc>, most: i64) -> Result<Vec<Expired>> {
    let rows = db.query(EXPIRED, &[&now, &most]).await?;
    rows.iter()
        .map(|row| {
            Ok(Expired {
                id: column(row, 0)?,
                bucket: column(row, 1)?,
                version: column(row, 2)?,
            })
        })
        .collect()
}

/// Removes a row; whether its object was made, `None` without a row.
pub async fn forget(tx: &impl Executor, id: Uuid) -> Result<Option<bool>> {
    match tx.query_opt(FORGET, &[&id]).await? {
        Some(row) => column(&row, 0).map(Some),
        None => Ok(None),
    }
}

fn one(changed: u64) -> Result<()> {
    match changed {
        0 => Err(StorageError::ResourceLocked),
        _ => Ok(()),
    }
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn unsigned(bytes: i64) -> u64 {
    u64::try_from(bytes).unwrap_or_default()
}

fn version(text: &str) -> Result<Uuid> {
    Uuid::parse_str(text).map_err(|error| StorageError::Internal(error.to_string()))
}

fn row_of(row: &Row) -> Result<Resumable> {
    Ok(Resumable {
        id: column(row, 0)?,
        bucket: column(row, 1)?,
        name: column(row, 2)?,
        version: version(&column::<String>(row, 3)?)?,
        length: column::<Option<i64>>(row, 4)?.map(unsigned),
        offset: unsigned(column(row, 5)?),
        hash: column(row, 6)?,
        expires_at: column(row, 7)?,
        is_complete: column(row, 8)?,
        terms: Terms {
            header: column(row, 9)?,
            mime: column(row, 10)?,
            cache_control: column(row, 11)?,
            user_metadata: column(row, 12)?,
            owner_id: column(row, 13)?,
            role: column(row, 14)?,
            is_upsert: column(row, 15)?,
            is_signed: column(row, 16)?,
        },
    })
}
