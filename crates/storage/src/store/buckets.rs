//! `storage.buckets`.

use ferrobase_db::{Executor, Row};
use serde_json::Value;
use uuid::Uuid;

use crate::config::BucketConfig;
use crate::error::{Result, StorageError};

/// What an operation on objects needs to know of their bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// Everybody may read.
    pub public: bool,
    /// Largest object in bytes.
    pub file_size_limit: Option<i64>,
    /// Types that it takes; empty = all.
    pub allowed_mime_types: Vec<String>,
}

/// A bucket to be.
#[derive(Debug)]
pub struct NewBucket {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The user, if the id is a UUID.
    pub owner: Option<Uuid>,
    /// The user.
    pub owner_id: Option<String>,
    /// Everybody may read.
    pub public: bool,
    /// Largest object in bytes.
    pub file_size_limit: Option<i64>,
    /// Types that it takes.
    pub allowed_mime_types: Option<Vec<String>>,
}

const FIND: &str = "select public, file_size_limit, allowed_mime_types from storage.buckets where id = $1";
const SHOWN: &str = "json_build_object('id', id, 'name', name, 'owner', coalesce(owner::text, ''), \
    'public', coalesce(public, false), 'type', type, 'file_size_limit', file_size_limit, 'allowed_mime_types', allowed_mime_types, \
    'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), \
    'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'))";
const INSERT: &str = "\
    insert into storage.buckets (id, name, owner, owner_id, public, file_size_limit, allowed_mime_types) \
    values ($1, $2, $3, $4, $5, $6, $7)";
const UPDATE: &str = "\
    update storage.buckets set \
        public = coalesce($2, public), \
        file_size_limit = case when $3 then $4 else file_size_limit end, \
        allowed_mime_types = case when $5 then $6 else allowed_mime_types end, \
        updated_at = now() \
    where id = $1";
const LOCK: &str = "\
    select exists (select from storage.objects o where o.bucket_id = b.id) \
    from storage.buckets b where b.id = $1 for update";
const DELETE: &str = "delete from storage.buckets where id = $1";

/// The bucket, whoever asks.
pub async fn find(db: &impl Executor, id: &str) -> Result<Bucket> {
    let row = db
        .query_opt(FIND, &[&id])
        .await?
        .ok_or(StorageError::NoSuchBucket)?;
    Ok(Bucket {
        public: column::<Option<bool>>(&row, 0)?.unwrap_or_default(),
        file_size_limit: column(&row, 1)?,
        allowed_mime_types: column::<Option<Vec<String>>>(&row, 2)?.unwrap_or_default(),
    })
}

/// The bucket as the API shows it, with its type.
pub async fn show(tx: &impl Executor, id: &str) -> Result<Value> {
    let sql = format!("select {SHOWN} from storage.buckets where id = $1");
    let row = tx
        .query_opt(&sql, &[&id])
        .await?
        .ok_or(StorageError::NoSuchBucket)?;
    column(&row, 0)
}

/// How buckets are listed.
#[derive(Debug)]
pub struct Listing {
    /// Most rows.
    pub limit: Option<i64>,
    /// Rows left out at the beginning.
    pub offset: i64,
    /// A column, one of the four that the API knows.
    pub column: Option<&'static str>,
    /// Largest first.
    pub descending: bool,
    /// Part of the name.
    pub search: Option<String>,
}

/// Buckets as the API shows them.
pub async fn list(tx: &impl Executor, listing: &Listing) -> Result<Vec<Value>> {
    let order = match (listing.column, listing.descending) {
        (None, _) => String::new(),
        (Some(column), false) => format!(" order by {column}"),
        (Some(column), true) => format!(" order by {column} desc"),
    };
    let sql = format!(
        "select {SHOWN} from storage.buckets \
         where $1::text is null or position(lower($1) in lower(name)) > 0{order} limit $2 offset $3"
    );
    let rows = tx
        .query(&sql, &[&listing.search, &listing.limit, &listing.offset])
        .await?;
    rows.iter().map(|row| column(row, 0)).collect()
}

/// Whether the table can be read.
pub async fn are_there(db: &impl Executor) -> bool {
    db.query("select id from storage.buckets limit 1", &[])
        .await
        .is_ok()
}

/// A new bucket.
pub async fn insert(tx: &impl Executor, new: &NewBucket) -> Result<()> {
    tx.execute(
        INSERT,
        &[
            &new.id,
            &new.name,
            &new.owner,
            &new.owner_id,
            &new.public,
            &new.file_size_limit,
            &new.allowed_mime_types,
        ],
    )
    .await?;
    Ok(())
}

const DEFINE: &str = "\
    insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types) values ($1, $1, $2, $3, $4) \
    on conflict (id) do update set public = excluded.public, file_size_limit = excluded.file_size_limit, \
        allowed_mime_types = excluded.allowed_mime_types, updated_at = now() \
    where (buckets.public, buckets.file_size_limit, buckets.allowed_mime_types) \
        is distinct from (excluded.public, excluded.file_size_limit, excluded.allowed_mime_types)";

/// A bucket of the configuration, made or changed to what that says.
pub async fn define(db: &impl Executor, bucket: &BucketConfig) -> Result<()> {
    let limit = bucket
        .file_size_limit
        .map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
    db.execute(
        DEFINE,
        &[&bucket.name, &bucket.public, &limit, &bucket.allowed_mime_types],
    )
    .await?;
    Ok(())
}

/// What changes of a bucket; the inner `None` clears.
#[derive(Debug, Default)]
pub struct Change {
    /// Everybody may read.
    pub public: Option<bool>,
    /// Largest object in bytes.
    pub file_size_limit: Option<Option<i64>>,
    /// Types that it takes.
    pub allowed_mime_types: Option<Option<Vec<String>>>,
}

/// Changes a bucket that the caller may change.
pub async fn update(tx: &impl Executor, id: &str, change: &Change) -> Result<()> {
    let limit = change.file_size_limit.flatten();
    let types = change.allowed_mime_types.clone().flatten();
    let rows = tx
        .execute(
            UPDATE,
            &[
                &id,
                &change.public,
                &change.file_size_limit.is_some(),
                &limit,
                &change.allowed_mime_types.is_some(),
                &types,
            ],
        )
        .await?;
    if rows == 0 {
        Err(StorageError::NoSuchBucket)
    } else {
        Ok(())
    }
}

/// Locks the bucket's row and tells whether it has objects.
pub async fn lock(tx: &impl Executor, id: &str) -> Result<bool> {
    let row = tx
        .query_opt(LOCK, &[&id])
        .await?
        .ok_or(StorageError::NoSuchBucket)?;
    column(&row, 0)
}

/// Deletes a bucket that the caller may delete.
pub async fn delete(tx: &impl Executor, id: &str) -> Result<()> {
    match tx.execute(DELETE, &[&id]).await? {
        0 => Err(StorageError::NoSuchBucket),
        _ => Ok(()),
    }
}

pub(crate) fn column<'r, T: ferrobase_db::FromSql<'r>>(row: &'r Row, index: usize) -> Result<T> {
    row.try_get(index)
        .map_err(|error| StorageError::Internal(error.to_string()))
}
