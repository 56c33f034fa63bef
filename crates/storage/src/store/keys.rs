//! Listings of the S3 protocol: keys in the order of their bytes, those with a delimiter in them as one prefix (§14).

use chrono::{DateTime, Utc};
use ferrobase_db::Executor;

use super::buckets::column;
use crate::error::Result;

/// A page that is asked for.
#[derive(Debug)]
pub struct Keys<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// What keys begin with.
    pub prefix: &'a str,
    /// Where keys are cut; empty = nowhere.
    pub delimiter: &'a str,
    /// The last key or prefix of the page before.
    pub after: &'a str,
    /// Most entries.
    pub limit: i32,
}

/// A key, or what several begin with.
#[derive(Debug)]
pub struct Entry {
    /// The whole key; of a prefix without the delimiter at its end.
    pub name: String,
    /// It is a prefix.
    pub is_prefix: bool,
    /// Its tag, quoted.
    pub etag: String,
    /// Bytes.
    pub size: i64,
    /// When it was last changed.
    pub modified: DateTime<Utc>,
}

const LIST: &str = "\
    select name, id is null, coalesce(metadata ->> 'eTag', ''), coalesce((metadata ->> 'size')::bigint, 0), updated_at \
    from storage.list_objects_with_delimiter($1, $2, $3, $4, '', $5, 'asc')";

/// Those that the caller may see.
pub async fn list(tx: &impl Executor, page: &Keys<'_>) -> Result<Vec<Entry>> {
    let rows = tx
        .query(
            LIST,
            &[
                &page.bucket,
                &page.prefix,
                &page.delimiter,
                &page.limit,
                &page.after,
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Entry {
                name: column(row, 0)?,
                is_prefix: column(row, 1)?,
                etag: column(row, 2)?,
                size: column(row, 3)?,
                modified: column::<Option<DateTime<Utc>>>(row, 4)?.unwrap_or_default(),
            })
        })
        .collect()
}
