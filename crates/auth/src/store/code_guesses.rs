//! `_ferrobase.auth_code_guesses`: attempts at one-time codes.

use ferrobase_db::{DbError, Executor};

use crate::model::user::Time;

/// Counts an attempt; the number of attempts in the window, this one included. A window begins with its first attempt.
pub async fn count(
    db: &impl Executor,
    subject: &[u8],
    window_seconds: f64,
    now: Time,
) -> Result<i32, DbError> {
    const SQL: &str = "insert into _ferrobase.auth_code_guesses as g (subject, attempts, window_started_at) \
            values ($1, 1, $2::timestamptz) \
         on conflict (subject) do update set \
            attempts = case when g.window_started_at > $2::timestamptz - make_interval(secs => $3::float8) \
               then least(g.attempts + 1, 1000000) else 1 end, \
            window_started_at = case when g.window_started_at > $2::timestamptz - make_interval(secs => $3::float8) \
               then g.window_started_at else $2::timestamptz end \
         returning attempts";
    let row = db.query_one(SQL, &[&subject, &now, &window_seconds]).await?;
    row.try_get(0).map_err(DbError::from)
}

/// Forgets all attempts.
pub async fn forget(db: &impl Executor, subject: &[u8]) -> Result<(), DbError> {
    db.execute(
        "delete from _ferrobase.auth_code_guesses where subject = $1",
        &[&subject],
    )
    .await?;
    Ok(())
}
