//! What policies of `realtime.messages` let a visitor read and write (§8): tried out, and undone.

use std::sync::Arc;

use ferrobase_db::{DbError, Executor, Transaction};

use crate::authorize::Visitor;

/// Two rows, one of each extension, as the login makes them.
const ROWS: &str = "\
    insert into realtime.messages (topic, extension) values ($1, 'broadcast'), ($1, 'presence') returning extension, id";

/// From here on the transaction is the visitor's.
const ENTER: &str = "\
    select set_config('realtime.topic', $1, true), set_config('request.jwt.claims', $2, true), \
        set_config('request.jwt.claim.sub', $3, true), set_config('request.jwt.claim.role', $4, true), \
        set_config('request.headers', $5, true), set_config('statement_timeout', '5000', true), set_config('role', $4, true)";

const VISIBLE: &str = "select extension from realtime.messages where id = any ($1)";

const WRITE: &str = "insert into realtime.messages (topic, extension) values ($1, $2)";

/// Makes the rows that the visitor may or may not see: their ids as text.
pub(crate) async fn make_rows(tx: &Transaction<'_>, topic: &str) -> Result<Vec<uuid::Uuid>, DbError> {
    let rows = tx.query(ROWS, &[&topic]).await?;
    rows.iter()
        .map(|row| row.try_get(1).map_err(DbError::from))
        .collect()
}

/// Becomes the visitor until the transaction ends.
pub(crate) async fn enter(tx: &Transaction<'_>, visitor: &Visitor) -> Result<(), DbError> {
    let sub = visitor.sub.as_deref().unwrap_or_default();
    let (topic, claims, role): (&str, &str, &str) = (&visitor.topic, &visitor.claims, &visitor.role);
    let headers: &str = &visitor.headers;
    tx.query(ENTER, &[&topic, &claims, &sub, &role, &headers])
        .await
        .map(drop)
}

/// The extensions of the rows that the visitor sees.
pub(crate) async fn visible(tx: &Transaction<'_>, ids: &[uuid::Uuid]) -> Result<Vec<String>, DbError> {
    let rows = tx.query(VISIBLE, &[&ids]).await?;
    rows.iter()
        .map(|row| row.try_get(0).map_err(DbError::from))
        .collect()
}

/// Tries to write a row as the visitor. An error ends the transaction.
pub(crate) async fn write(tx: &Transaction<'_>, topic: &Arc<str>, extension: &str) -> Result<(), DbError> {
    let topic: &str = topic;
    tx.execute(WRITE, &[&topic, &extension]).await.map(drop)
}
