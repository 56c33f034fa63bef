//! `storage.objects`: one row.

use chrono::{DateTime, Utc};
use ferrobase_db::{Executor, Row, ToSql};
use serde_json::Value;
use uuid::Uuid;

use super::buckets::column;
use crate::error::{Result, StorageError};

/// The row of an object.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its id.
    pub id: Uuid,
    /// The version of its blob.
    pub version: Option<String>,
    /// Type, size, ETag and so on.
    pub metadata: Value,
    /// The user's.
    pub user_metadata: Option<Value>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A row to be.
#[derive(Debug, Clone)]
pub struct NewObject {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub name: String,
    /// The user.
    pub owner_id: Option<String>,
    /// The version of its blob.
    pub version: String,
    /// Type, size, ETag and so on.
    pub metadata: Value,
    /// The user's.
    pub user_metadata: Option<Value>,
}

const FIND: &str = "\
    select id, version, metadata, user_metadata, created_at, updated_at \
    from storage.objects where bucket_id = $1 and name = $2";
const FIND_WITH_BUCKET: &str = "\
    select o.id, o.version, o.metadata, o.user_metadata, o.created_at, o.updated_at, b.public \
    from storage.buckets b left join storage.objects o on o.bucket_id = b.id and o.name = $2 where b.id = $1";
/// Without `returning`: who may not read may write.
const INSERT: &str = "\
    insert into storage.objects (bucket_id, name, owner, owner_id, version, metadata, user_metadata) \
    values ($1, $2, $3, $4, $5, $6, $7)";
/// Wants the policies of all three commands, whether or not there is a row.
const UPSERT: &str = "\
    insert into storage.objects (bucket_id, name, owner, owner_id, version, metadata, user_metadata) \
    values ($1, $2, $3, $4, $5, $6, $7) \
    on conflict (bucket_id, name) do update set owner = excluded.owner, owner_id = excluded.owner_id, \
        version = excluded.version, metadata = excluded.metadata, user_metadata = excluded.user_metadata \
    returning";
/// Writers of one key wait for each other, at most five seconds.
const LOCK: &str = "\
    select set_config('lock_timeout', '5000', true), \
        pg_advisory_xact_lock(hashtextextended('storage/' || $1 || '/' || $2, 0))";
const FIND_LOCKED: &str = "\
    select id, version, metadata, user_metadata, created_at, updated_at \
    from storage.objects where bucket_id = $1 and name = $2 for update";
const MOVE: &str = "\
    update storage.objects set bucket_id = $3, name = $4, version = $5, owner = $6, owner_id = $7 \
    where bucket_id = $1 and name = $2";
const DELETE: &str = "delete from storage.objects where bucket_id = $1 and name = $2 returning version";

/// A row as the API shows whole ones: what is null and should be a text is empty.
pub(super) const SHOWN: &str = "json_build_object(\
    'name', name, 'bucket_id', bucket_id, 'owner', coalesce(owner::text, ''), 'owner_id', coalesce(owner_id, ''), \
    'version', coalesce(version, ''), 'id', id, \
    'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), \
    'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), \
    'last_accessed_at', to_char(last_accessed_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), \
    'metadata', metadata, 'user_metadata', user_metadata)";

/// The row that the transaction's role may see.
pub async fn find(tx: &impl Executor, bucket: &str, name: &str) -> Result<Object> {
    let row = tx.query_opt(FIND, &[&bucket, &name]).await?;
    row_of(&row.ok_or(StorageError::NoSuchKey)?)
}

/// The row, whoever asks, and whether its bucket is public; the inner `None` for a bucket without such an object.
pub async fn find_with_bucket(
    db: &impl Executor,
    bucket: &str,
    name: &str,
) -> Result<(bool, Option<Object>)> {
    let row = db
        .query_opt(FIND_WITH_BUCKET, &[&bucket, &name])
        .await?
        .ok_or(StorageError::NoSuchBucket)?;
    let is_public = column::<Option<bool>>(&row, 6)?.unwrap_or_default();
    let object = match column::<Option<Uuid>>(&row, 0)? {
        Some(_) => Some(row_of(&row)?),
        None => None,
    };
    Ok((is_public, object))
}

/// Locks a key and its row, if there is one.
pub async fn lock(tx: &impl Executor, bucket: &str, name: &str) -> Result<Option<Object>> {
    let key: [&(dyn ToSql + Sync); 2] = [&bucket, &name];
    let (locked, row) = futures_util::join!(tx.query(LOCK, &key), tx.query_opt(FIND_LOCKED, &key));
    locked?;
    row?.as_ref().map(row_of).transpose()
}

/// Locks two keys in one order, whichever is named first, so that two that do this wait for each other instead of for ever.
pub async fn lock_two(tx: &impl Executor, one: (&str, &str), other: (&str, &str)) -> Result<()> {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    for (bucket, name) in [first, second] {
        tx.query(LOCK, &[&bucket, &name]).await?;
    }
    Ok(())
}

/// Makes a row; fails where there is one already.
pub async fn insert(tx: &impl Executor, new: &NewObject) -> Result<()> {
    write(tx, INSERT, new).await.map_err(StorageError::taken)?;
    Ok(())
}

/// Makes a row or replaces what it says. Its id.
pub async fn upsert(tx: &impl Executor, new: &NewObject) -> Result<Uuid> {
    let rows = write(tx, &format!("{UPSERT} id"), new).await?;
    column(one(&rows)?, 0)
}

/// The same, with the row as the API shows whole ones.
pub async fn upsert_shown(tx: &impl Executor, new: &NewObject) -> Result<(Uuid, Value)> {
    let rows = write(tx, &format!("{UPSERT} id, {SHOWN}"), new).await?;
    let row = one(&rows)?;
    Ok((column(row, 0)?, column(row, 1)?))
}

async fn write(tx: &impl Executor, sql: &str, new: &NewObject) -> Result<Vec<Row>> {
    let rows = tx
        .query(
            sql,
            &[
                &new.bucket,
                &new.name,
                &owner(new.owner_id.as_deref()),
                &new.owner_id,
                &new.version,
                &new.metadata,
                &new.user_metadata,
            ],
        )
        .await?;
    Ok(rows)
}

/// Where an object goes, and as what.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub name: String,
    /// The version of its blob.
    pub version: String,
    /// The user.
    pub owner_id: Option<String>,
}

/// Moves a row that the transaction's role may change; `NoSuchKey` without one.
pub async fn relocate(tx: &impl Executor, bucket: &str, name: &str, to: &Destination) -> Result<()> {
    let rows = tx
        .execute(
            MOVE,
            &[
                &bucket,
                &name,
                &to.bucket,
                &to.name,
                &to.version,
                &owner(to.owner_id.as_deref()),
                &to.owner_id,
            ],
        )
        .await?;
    match rows {
        0 => Err(StorageError::NoSuchKey),
        _ => Ok(()),
    }
}

/// Deletes a row that the caller may delete and tells the version of its blob; the outer `None` is for no row.
pub async fn delete(tx: &impl Executor, bucket: &str, name: &str) -> Result<Option<Option<String>>> {
    match tx.query_opt(DELETE, &[&bucket, &name]).await? {
        Some(row) => column(&row, 0).map(Some),
        None => Ok(None),
    }
}

/// The column of an older time holds UUIDs only.
fn owner(id: Option<&str>) -> Option<Uuid> {
    Uuid::parse_str(id?).ok()
}

fn one(rows: &[Row]) -> Result<&Row> {
    rows.first()
        .ok_or_else(|| StorageError::Internal("a statement gave no row".to_owned()))
}

fn row_of(row: &Row) -> Result<Object> {
    let created_at: Option<DateTime<Utc>> = column(row, 4)?;
    let updated_at: Option<DateTime<Utc>> = column(row, 5)?;
    Ok(Object {
        id: column(row, 0)?,
        version: column(row, 1)?,
        metadata: column::<Option<Value>>(row, 2)?.unwrap_or_default(),
        user_metadata: column(row, 3)?,
        created_at: created_at.unwrap_or_default(),
        updated_at: updated_at.or(created_at).unwrap_or_default(),
    })
}
