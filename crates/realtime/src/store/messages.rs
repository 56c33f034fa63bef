//! Messages that the database keeps for a while (§5.4, §5.5).

use ferrobase_db::{DbError, Executor, Pool};

const PAST: &str = "\
    select id::text, event, payload::text, binary_payload from realtime.messages \
    where topic = $1 and private and extension = 'broadcast' and event is not null \
        and inserted_at >= to_timestamp($2::bigint / 1000.0) at time zone 'utc' \
        and inserted_at < now() at time zone 'utc' + interval '1 minute' \
    order by inserted_at desc limit $3";

const PARTITIONS: &str = "select _ferrobase.keep_message_partitions()";

/// A message of the past.
pub(crate) struct Past {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) payload: Option<String>,
    pub(crate) binary: Option<Vec<u8>>,
}

/// The newest private broadcasts of a topic since a time in Unix milliseconds, newest first.
pub(crate) async fn past(pool: &Pool, topic: &str, since: i64, limit: i64) -> Result<Vec<Past>, DbError> {
    let rows = pool.query(PAST, &[&topic, &since, &limit]).await?;
    let mut past = Vec::with_capacity(rows.len());
    for row in rows {
        past.push(Past {
            id: row.try_get(0)?,
            event: row.try_get(1)?,
            payload: row.try_get(2)?,
            binary: row.try_get(3)?,
        });
    }
    Ok(past)
}

/// Makes the partitions of the next days and drops those of the past.
pub(crate) async fn keep_partitions(pool: &Pool) -> Result<(), DbError> {
    pool.query(PARTITIONS, &[]).await.map(drop)
}
