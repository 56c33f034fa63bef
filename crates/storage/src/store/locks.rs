//! Advisory locks of a session, on the ids of resumable uploads. Each id has two: one for its writer, and one that whoever
//! waits for the writer holds, by which the writer learns of it.

use ferrobase_db::Executor;
use uuid::Uuid;

use super::buckets::column;
use crate::error::Result;

const TRY_LOCK: &str =
    "select pg_try_advisory_lock(hashtextextended('ferrobase/storage/upload/' || $1::uuid::text, 0))";
const UNLOCK: &str =
    "select pg_advisory_unlock(hashtextextended('ferrobase/storage/upload/' || $1::uuid::text, 0))";
const UNLOCK_ALL: &str = "select pg_advisory_unlock_all()";
const ANNOUNCE: &str =
    "select pg_try_advisory_lock(hashtextextended('ferrobase/storage/wanted/' || $1::uuid::text, 0))";
const WITHDRAW: &str =
    "select pg_advisory_unlock(hashtextextended('ferrobase/storage/wanted/' || $1::uuid::text, 0))";
/// A shared lock that is free again with the end of the statement cannot be had where another session announced itself.
const WANTED: &str = "\
    select id from unnest($1::uuid[]) id \
    where not pg_try_advisory_xact_lock_shared(hashtextextended('ferrobase/storage/wanted/' || id::text, 0))";

/// Whether this session is the writer now.
pub async fn try_lock(session: &impl Executor, id: Uuid) -> Result<bool> {
    column(&session.query_one(TRY_LOCK, &[&id]).await?, 0)
}

/// It is no longer.
pub async fn unlock(session: &impl Executor, id: Uuid) -> Result<()> {
    session.query(UNLOCK, &[&id]).await?;
    Ok(())
}

/// This session has no locks any more.
pub async fn unlock_all(session: &impl Executor) -> Result<()> {
    session.query(UNLOCK_ALL, &[]).await?;
    Ok(())
}

/// This session waits for the writer. False where another one does already.
pub async fn announce(session: &impl Executor, id: Uuid) -> Result<bool> {
    column(&session.query_one(ANNOUNCE, &[&id]).await?, 0)
}

/// It does not wait any more.
pub async fn withdraw(session: &impl Executor, id: Uuid) -> Result<()> {
    session.query(WITHDRAW, &[&id]).await?;
    Ok(())
}

/// Those of these ids that another session waits for.
pub async fn wanted(session: &impl Executor, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let rows = session.query(WANTED, &[&ids]).await?;
    rows.iter().map(|row| column(row, 0)).collect()
}
