//! Replication slots, as seen beside the stream.

use ferrobase_db::{DbError, Executor, Pool};

/// A slot.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Bytes of the log that are written and not confirmed.
    pub(crate) lag: u64,
    /// The server has thrown away what the slot needs.
    pub(crate) is_lost: bool,
}

/// The slot called `name`.
pub(crate) async fn find(pool: &Pool, name: &str) -> Result<Option<Slot>, DbError> {
    let sql = "
        select greatest(0, pg_wal_lsn_diff(
                case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end,
                confirmed_flush_lsn))::bigint,
            coalesce(wal_status = 'lost', false)
        from pg_replication_slots where slot_name = $1";
    let rows = pool.query(sql, &[&name]).await?;
    Ok(rows.first().map(|row| Slot {
        lag: row
            .get::<_, Option<i64>>(0)
            .and_then(|lag| u64::try_from(lag).ok())
            .unwrap_or(0),
        is_lost: row.get(1),
    }))
}

/// Ends the connection that the server still believes to be using the slot.
pub(crate) async fn disconnect(pool: &Pool, name: &str) -> Result<(), DbError> {
    let sql =
        "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1 and active";
    pool.query(sql, &[&name]).await?;
    Ok(())
}

/// Drops a slot that nobody uses. True when it does not exist any more.
pub(crate) async fn drop_unused(pool: &Pool, name: &str) -> Result<bool, DbError> {
    let sql = "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1 and not active";
    pool.query(sql, &[&name]).await?;
    let sql = "select from pg_replication_slots where slot_name = $1";
    Ok(pool.query(sql, &[&name]).await?.is_empty())
}

/// Slots of this database that begin with `prefix` and that nobody uses, each with its position.
pub(crate) async fn unused(pool: &Pool, prefix: &str) -> Result<Vec<(String, String)>, DbError> {
    let sql = "
        select slot_name::text, coalesce(confirmed_flush_lsn::text, '')
        from pg_replication_slots
        where starts_with(slot_name::text, $1) and slot_type = 'logical' and plugin = 'pgoutput'
            and database = current_database() and not active and not temporary";
    let rows = pool.query(sql, &[&prefix]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
