//! `_ferrobase.auth_flow_ends`: when the session that a flow will open has to end.

use ferrobase_db::{DbError, Executor};
use uuid::Uuid;

use crate::model::user::Time;

/// Remembers the end with its flow, which takes it along when it goes.
pub async fn insert(db: &impl Executor, flow_id: Uuid, not_after: Time) -> Result<(), DbError> {
    const SQL: &str = "insert into _ferrobase.auth_flow_ends (flow_id, not_after) values ($1, $2)";
    db.execute(SQL, &[&flow_id, &not_after]).await?;
    Ok(())
}

/// The end, if the flow has one.
pub async fn find(db: &impl Executor, flow_id: Uuid) -> Result<Option<Time>, DbError> {
    const SQL: &str = "select not_after from _ferrobase.auth_flow_ends where flow_id = $1";
    let row = db.query_opt(SQL, &[&flow_id]).await?;
    row.map(|row| row.try_get(0).map_err(DbError::from)).transpose()
}
