//! Hooks that are database functions. They run on the request's own transaction where there is one.

use std::time::Duration;

use ferrobase_db::{DbError, Executor, Json};
use ferrobase_sql::qualified;
use serde_json::{Map, Value};

use crate::error::{AuthError, Result};

/// Time for the function, enforced by the database within a transaction.
const LIMIT: Duration = Duration::from_secs(2);

/// Time after which we stop waiting, whatever the database does.
const PATIENCE: Duration = Duration::from_secs(4);

/// Calls `schema.function(payload)`, whose argument may be `json` or `jsonb`. No answer is an empty object.
pub(super) async fn call(db: &impl Executor, schema: &str, function: &str, payload: &Value) -> Result<Value> {
    let failed = |cause: &str| {
        tracing::error!(cause, schema, function, "a hook failed");
        AuthError::failed(format!(
            "Error running hook URI: pg-functions://postgres/{schema}/{function}"
        ))
    };
    match tokio::time::timeout(PATIENCE, limited(db, schema, function, payload)).await {
        Ok(Ok(text)) if text.is_empty() => Ok(Value::Object(Map::new())),
        Ok(Ok(text)) => {
            serde_json::from_str(&text).map_err(|_| AuthError::failed("Error unmarshaling hook output"))
        }
        Ok(Err(error)) => Err(failed(&error.to_string())),
        Err(_) => Err(failed("no answer in time")),
    }
}

async fn limited(
    db: &impl Executor,
    schema: &str,
    function: &str,
    payload: &Value,
) -> Result<String, DbError> {
    const SET: &str =
        "select current_setting('statement_timeout'), set_config('statement_timeout', $1, true)";
    let limit = LIMIT.as_millis().to_string();
    let before: String = db.query_one(SET, &[&limit]).await?.try_get(0)?;
    let sql = format!("select {}($1)::text", qualified(schema, function));
    let row = db.query_opt(&sql, &[&Json(payload)]).await?;
    db.query_one(SET, &[&before]).await?;
    match row {
        Some(row) => Ok(row.try_get::<_, Option<String>>(0)?.unwrap_or_default()),
        None => Ok(String::new()),
    }
}
