//! Uploads in parts: `storage.s3_multipart_uploads` and `…_parts` (§14).

use chrono::{DateTime, Utc};
use ferrobase_db::{Executor, Row};
use serde_json::Value;

use super::buckets::column;
use crate::ask::Target;
use crate::error::{Result, StorageError};
use crate::s3::fault::Fault;

/// An upload under way.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its id.
    pub id: String,
    /// Bytes of its parts.
    pub size: i64,
    /// Whose the object will be.
    pub owner_id: Option<String>,
    /// Type and `Cache-Control` of the object.
    pub metadata: Value,
    /// The user's.
    pub user_metadata: Option<Value>,
}

/// A part that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its place.
    pub number: i32,
    /// Its tag, quoted.
    pub etag: String,
    /// Bytes.
    pub size: i64,
    /// The version of its blob.
    pub version: String,
    /// When it was uploaded.
    pub created_at: DateTime<Utc>,
}

/// The signature is the original's seal of the running size, which here only the service writes.
const CREATE: &str = "\
    insert into storage.s3_multipart_uploads \
        (id, upload_signature, bucket_id, key, version, owner_id, metadata, user_metadata) \
    select id, '', $1, $2, id, $3, $4, $5 from (select gen_random_uuid()::text as id) new returning id";
const FIND: &str = "\
    select id, in_progress_size, owner_id, metadata, user_metadata from storage.s3_multipart_uploads \
    where id = $1 and bucket_id = $2 and key = $3";
/// Of two with one number, which a dump may have, the newer counts.
const PARTS: &str = "\
    select distinct on (part_number) part_number, etag, size, version, created_at \
    from storage.s3_multipart_uploads_parts \
    where upload_id = $1 and part_number > $2 order by part_number, created_at desc limit $3";
const DELETE_PART: &str = "\
    delete from storage.s3_multipart_uploads_parts where upload_id = $1 and part_number = $2 returning version";
const INSERT_PART: &str = "\
    insert into storage.s3_multipart_uploads_parts \
        (upload_id, part_number, bucket_id, key, etag, size, version, owner_id) \
    values ($1, $2, $3, $4, $5, $6, $7, $8)";
const SUM: &str = "\
    update storage.s3_multipart_uploads u set in_progress_size = (\
        select coalesce(sum(p.size), 0)::bigint from storage.s3_multipart_uploads_parts p where p.upload_id = u.id) \
    where id = $1 returning in_progress_size";
const VERSIONS: &str = "select version from storage.s3_multipart_uploads_parts where upload_id = $1";
const DELETE: &str = "delete from storage.s3_multipart_uploads where id = $1";
const LIST: &str = "\
    select key, id, created_at from storage.list_multipart_uploads_with_delimiter($1, $2, $3, $4, $5, $6)";

/// Begins an upload. Its id.
pub async fn create(
    db: &impl Executor,
    target: &Target,
    owner_id: Option<&str>,
    metadata: &Value,
    user_metadata: &Value,
) -> Result<String> {
    let row = db
        .query_one(
            CREATE,
            &[&target.bucket, &target.key, &owner_id, metadata, user_metadata],
        )
        .await?;
    column(&row, 0)
}

/// The upload; `NoSuchUpload` without one for this object.
pub async fn find(db: &impl Executor, id: &str, target: &Target) -> Result<Upload> {
    upload_of(db.query_opt(FIND, &[&id, &target.bucket, &target.key]).await?)
}

/// The same, locked: parts and completion of one upload come one after the other.
pub async fn lock(tx: &impl Executor, id: &str, target: &Target) -> Result<Upload> {
    let sql = format!("{FIND} for update");
    upload_of(tx.query_opt(&sql, &[&id, &target.bucket, &target.key]).await?)
}

fn upload_of(row: Option<Row>) -> Result<Upload> {
    let row = row.ok_or(Fault::NoSuchUpload)?;
    Ok(Upload {
        id: column(&row, 0)?,
        size: column(&row, 1)?,
        owner_id: column(&row, 2)?,
        metadata: column::<Option<Value>>(&row, 3)?.unwrap_or_default(),
        user_metadata: column(&row, 4)?,
    })
}

/// At most `most` parts behind that number, in order.
pub async fn parts(db: &impl Executor, id: &str, after: i32, most: i64) -> Result<Vec<Part>> {
    let rows = db.query(PARTS, &[&id, &after, &most]).await?;
    rows.iter()
        .map(|row| {
            Ok(Part {
                number: column(row, 0)?,
                etag: column(row, 1)?,
                size: column(row, 2)?,
                version: column(row, 3)?,
                created_at: column::<Option<DateTime<Utc>>>(row, 4)?.unwrap_or_default(),
            })
        })
        .collect()
}

/// Puts a part in its place. The versions that were there before, and the size of all parts.
pub async fn replace_part(
    tx: &impl Executor,
    upload: &Upload,
    target: &Target,
    part: &Part,
) -> Result<(Vec<String>, i64)> {
    let old = tx.query(DELETE_PART, &[&upload.id, &part.number]).await?;
    tx.execute(
        INSERT_PART,
        &[
            &upload.id,
            &part.number,
            &target.bucket,
            &target.key,
            &part.etag,
            &part.size,
            &part.version,
            &upload.owner_id,
        ],
    )
    .await?;
    let sum = tx.query_one(SUM, &[&upload.id]).await?;
    let old: Result<Vec<String>> = old.iter().map(|row| column(row, 0)).collect();
    Ok((old?, column(&sum, 0)?))
}

/// Ends an upload. The versions of its parts.
pub async fn delete(tx: &impl Executor, id: &str) -> Result<Vec<String>> {
    let rows = tx.query(VERSIONS, &[&id]).await?;
    tx.execute(DELETE, &[&id]).await?;
    rows.iter().map(|row| column(row, 0)).collect()
}

/// A page of uploads that is asked for.
#[derive(Debug)]
pub struct Page<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// What keys begin with.
    pub prefix: &'a str,
    /// Where keys are cut; empty = nowhere.
    pub delimiter: &'a str,
    /// The last key of the page before.
    pub key_marker: &'a str,
    /// The last upload of that key.
    pub upload_marker: &'a str,
    /// Most entries.
    pub limit: i32,
}

/// An upload of a listing, or a prefix, which has no id.
#[derive(Debug)]
pub struct Entry {
    /// The key or prefix, whole.
    pub key: String,
    /// Id and beginning of an upload.
    pub upload: Option<(String, DateTime<Utc>)>,
}

/// Uploads that the transaction's role may see.
pub async fn list(tx: &impl Executor, page: &Page<'_>) -> Result<Vec<Entry>> {
    let rows = tx
        .query(
            LIST,
            &[
                &page.bucket,
                &page.prefix,
                &page.delimiter,
                &page.limit,
                &page.key_marker,
                &page.upload_marker,
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let id: Option<String> = column(row, 1)?;
            let at: Option<DateTime<Utc>> = column(row, 2)?;
            Ok::<_, StorageError>(Entry {
                key: column(row, 0)?,
                upload: id.map(|id| (id, at.unwrap_or_default())),
            })
        })
        .collect()
}
