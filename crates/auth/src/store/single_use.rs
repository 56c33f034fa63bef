//! `_ferrobase.auth_single_use`: what may be used once and has no row of its own to be deleted.

use ferrobase_db::{DbError, Executor};

use crate::model::user::Time;

/// Uses `digest` up. `false` = somebody did before. The row stays until `expires_at`, after which the thing itself must
/// not be acceptable any more.
pub async fn consume(
    db: &impl Executor,
    kind: &str,
    digest: &[u8],
    expires_at: Time,
) -> Result<bool, DbError> {
    const SQL: &str = "insert into _ferrobase.auth_single_use (kind, digest, expires_at) values ($1, $2, $3) \
         on conflict do nothing";
    Ok(db.execute(SQL, &[&kind, &digest, &expires_at]).await? > 0)
}
