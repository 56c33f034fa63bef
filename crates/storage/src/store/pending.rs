//! Blobs that are to be removed. A row is written with the change that makes its blob superfluous, and goes when the blob
//! is gone.

use ferrobase_db::Executor;
use uuid::Uuid;

use super::buckets::column;
use crate::error::Result;

/// What is no version of ours has no blob.
const ADD: &str = "\
    insert into _ferrobase.storage_pending_deletions (version, bucket_id) \
    select v, $2 from unnest($1::text[]) v \
    where v ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' \
    on conflict do nothing";
/// One process at a time works them off.
const TRY_LOCK: &str = "select pg_try_advisory_xact_lock(hashtextextended('ferrobase/storage/sweep', 0))";
const DUE: &str = "\
    select version from _ferrobase.storage_pending_deletions \
    where not_before <= now() order by not_before limit $1";
const DONE: &str = "delete from _ferrobase.storage_pending_deletions where version = any($1)";
/// The longer it did not work, the longer until the next attempt: a minute to an hour.
const LATER: &str = "\
    update _ferrobase.storage_pending_deletions set attempts = attempts + 1, \
        last_error = 'the blob could not be removed', not_before = now() + least(attempts + 1, 60) * interval '1 minute' \
    where version = any($1)";
/// Of these versions those that rows name: of objects, and of uploads that are not through.
const REFERRED: &str = "\
    select version from storage.objects where version = any($1) \
    union select version from _ferrobase.storage_uploads where version = any($1) and completed_at is null \
    union select version from storage.s3_multipart_uploads_parts where version = any($1)";

/// Notes that blobs are to go.
pub async fn add(tx: &impl Executor, bucket: &str, versions: &[String]) -> Result<()> {
    if !versions.is_empty() {
        tx.execute(ADD, &[&versions, &bucket]).await?;
    }
    Ok(())
}

/// Whether this transaction may work them off.
pub async fn try_lock(tx: &impl Executor) -> Result<bool> {
    column(&tx.query_one(TRY_LOCK, &[]).await?, 0)
}

/// At most `most` of those that are due.
pub async fn due(tx: &impl Executor, most: i64) -> Result<Vec<String>> {
    let rows = tx.query(DUE, &[&most]).await?;
    rows.iter().map(|row| column(row, 0)).collect()
}

/// They are gone.
pub async fn done(tx: &impl Executor, versions: &[String]) -> Result<()> {
    tx.execute(DONE, &[&versions]).await?;
    Ok(())
}

/// They could not be removed and are tried again later.
pub async fn later(tx: &impl Executor, versions: &[String]) -> Result<()> {
    if !versions.is_empty() {
        tx.execute(LATER, &[&versions]).await?;
    }
    Ok(())
}

/// Which of these versions have rows.
pub async fn referred(db: &impl Executor, versions: &[Uuid]) -> Result<Vec<String>> {
    let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
    let rows = db.query(REFERRED, &[&versions]).await?;
    rows.iter().map(|row| column(row, 0)).collect()
}
