//! `storage.objects`: many rows at once.

use chrono::{DateTime, Utc};
use ferrobase_db::Executor;
use serde_json::Value;

use super::buckets::column;
use super::objects::SHOWN;
use crate::error::Result;

/// Sorted, so that two such statements wait for each other instead of for ever.
const LOCK_MANY: &str = "\
    select from storage.objects where bucket_id = $1 and name = any($2) order by name for update";
const NAMES: &str = "select name from storage.objects where bucket_id = $1 and name = any($2)";
const COUNT_UP_TO: &str = "\
    select count(*), now() from (select from storage.objects where bucket_id = $1 limit $2) o";
const EMPTY: &str = "\
    delete from storage.objects where id in (\
        select id from storage.objects \
        where bucket_id = $1 and coalesce(created_at, '-infinity') <= $2 order by name limit $3 for update) \
    returning version";

/// A row that was deleted.
#[derive(Debug)]
pub struct Deleted {
    /// As the API shows it.
    pub shown: Value,
    /// The version of its blob.
    pub version: Option<String>,
}

/// Locks rows of these keys, whoever may see them.
pub async fn lock(tx: &impl Executor, bucket: &str, names: &[String]) -> Result<()> {
    tx.query(LOCK_MANY, &[&bucket, &names]).await?;
    Ok(())
}

/// Deletes those of these rows that the caller may see and delete.
pub async fn delete(tx: &impl Executor, bucket: &str, names: &[String]) -> Result<Vec<Deleted>> {
    let sql = format!(
        "delete from storage.objects where bucket_id = $1 and name = any($2) returning {SHOWN}, version"
    );
    let rows = tx.query(&sql, &[&bucket, &names]).await?;
    rows.iter()
        .map(|row| {
            Ok(Deleted {
                shown: column(row, 0)?,
                version: column(row, 1)?,
            })
        })
        .collect()
}

/// Which of these keys the caller may see.
pub async fn visible(tx: &impl Executor, bucket: &str, names: &[String]) -> Result<Vec<String>> {
    let rows = tx.query(NAMES, &[&bucket, &names]).await?;
    rows.iter().map(|row| column(row, 0)).collect()
}

/// The number of objects, counted up to `most`, and the database's time.
pub async fn count_up_to(db: &impl Executor, bucket: &str, most: i64) -> Result<(i64, DateTime<Utc>)> {
    let row = db.query_one(COUNT_UP_TO, &[&bucket, &most]).await?;
    Ok((column(&row, 0)?, column(&row, 1)?))
}

/// Deletes at most `most` of a bucket's objects that were made until `until`; the versions of their blobs.
pub async fn empty(
    tx: &impl Executor,
    bucket: &str,
    until: DateTime<Utc>,
    most: i64,
) -> Result<Vec<Option<String>>> {
    let rows = tx.query(EMPTY, &[&bucket, &until, &most]).await?;
    rows.iter().map(|row| column(row, 0)).collect()
}
