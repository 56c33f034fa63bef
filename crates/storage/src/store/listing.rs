//! Listings of objects, by the functions that jump over folders where there is one for it (§7).

use ferrobase_db::{Executor, Row};
use serde::Serialize;
use serde_json::value::RawValue;

use super::buckets::column;
use crate::error::Result;

/// A file or a folder.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// The last part of the name, where listings have folders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Relative to the prefix in the first dialect, whole in the second.
    pub name: String,
    /// `None` for a folder.
    pub id: Option<String>,
    /// When it was last changed.
    pub updated_at: Option<String>,
    /// When it was made.
    pub created_at: Option<String>,
    /// When it was last read, which nobody keeps.
    pub last_accessed_at: Option<String>,
    /// Type, size, ETag and so on.
    pub metadata: Option<Box<RawValue>>,
}

/// A page in the first dialect.
#[derive(Debug)]
pub struct Search {
    /// What names begin with.
    pub prefix: String,
    /// What their rest begins with.
    pub search: String,
    /// Most entries.
    pub limit: i32,
    /// Entries left out at the beginning.
    pub offset: i32,
    /// Sorted by this.
    pub column: &'static str,
    /// `asc` or `desc`.
    pub order: &'static str,
}

/// A page in the second dialect.
#[derive(Debug)]
pub struct Page {
    /// What names begin with.
    pub prefix: String,
    /// Most entries.
    pub limit: i32,
    /// Names are cut at the next `/`.
    pub with_folders: bool,
    /// Sorted by this.
    pub column: &'static str,
    /// `asc` or `desc`.
    pub order: &'static str,
    /// The last name of the page before.
    pub after: String,
    /// Its time, when sorted by one.
    pub after_time: String,
}

const COLUMNS: &str = "name, id::text, \
    to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), \
    to_char(created_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), \
    to_char(last_accessed_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), \
    metadata::text";

/// A page of files and folders below a prefix, whatever the case of letters.
pub async fn search(tx: &impl Executor, bucket: &str, page: &Search) -> Result<Vec<Entry>> {
    let sql = format!("select {COLUMNS} from storage.search($1, $2, $3, 1, $4, $5, $6, $7)");
    let rows = tx
        .query(
            &sql,
            &[
                &page.prefix,
                &bucket,
                &page.limit,
                &page.offset,
                &page.search,
                &page.column,
                &page.order,
            ],
        )
        .await?;
    rows.iter().map(entry).collect()
}

/// A page of keys, in the order of their bytes or of a time.
pub async fn page(tx: &impl Executor, bucket: &str, page: &Page) -> Result<Vec<Entry>> {
    let rows = match (page.with_folders, page.column) {
        (_, "name") => by_name(tx, bucket, page).await?,
        (true, _) => folders_by_time(tx, bucket, page).await?,
        (false, _) => files_by_time(tx, bucket, page).await?,
    };
    rows.iter().map(entry).collect()
}

async fn by_name(tx: &impl Executor, bucket: &str, page: &Page) -> Result<Vec<Row>> {
    let sql =
        format!("select {COLUMNS} from storage.list_objects_with_delimiter($1, $2, $3, $4, '', $5, $6)");
    let delimiter = if page.with_folders { "/" } else { "" };
    let rows = tx
        .query(
            &sql,
            &[
                &bucket,
                &page.prefix,
                &delimiter,
                &page.limit,
                &page.after,
                &page.order,
            ],
        )
        .await?;
    Ok(rows)
}

async fn folders_by_time(tx: &impl Executor, bucket: &str, page: &Page) -> Result<Vec<Row>> {
    let sql = format!("select {COLUMNS} from storage.search_v2($1, $2, $3, 1, $4, $5, $6, $7)");
    let rows = tx
        .query(
            &sql,
            &[
                &page.prefix,
                &bucket,
                &page.limit,
                &page.after,
                &page.order,
                &page.column,
                &page.after_time,
            ],
        )
        .await?;
    Ok(rows)
}

/// No function of the original lists like this. Times count to the millisecond, which is what a cursor can say.
async fn files_by_time(tx: &impl Executor, bucket: &str, page: &Page) -> Result<Vec<Row>> {
    let (compare, order) = if page.order == "desc" {
        ("<", "desc")
    } else {
        (">", "asc")
    };
    let at = format!("date_trunc('milliseconds', {})", page.column);
    let sql = format!(
        "select {COLUMNS} from storage.objects \
         where bucket_id = $1 and name collate \"C\" >= $2 and name collate \"C\" < $2 || chr(1114111) \
            and ($3 = '' or ({at}, name collate \"C\") {compare} (nullif($4, '')::timestamptz, $3)) \
         order by {at} {order}, name collate \"C\" {order} limit $5::int"
    );
    let rows = tx
        .query(
            &sql,
            &[&bucket, &page.prefix, &page.after, &page.after_time, &page.limit],
        )
        .await?;
    Ok(rows)
}

fn entry(row: &Row) -> Result<Entry> {
    let metadata: Option<String> = column(row, 5)?;
    Ok(Entry {
        key: None,
        name: column(row, 0)?,
        id: column(row, 1)?,
        updated_at: column(row, 2)?,
        created_at: column(row, 3)?,
        last_accessed_at: column(row, 4)?,
        metadata: metadata.and_then(|json| RawValue::from_string(json).ok()),
    })
}
