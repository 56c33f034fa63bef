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

/// Holds `digest` until then, unless it is held already: until when. A row whose time has passed is taken over.
pub async fn hold(
    db: &impl Executor,
    kind: &str,
    digest: &[u8],
    until: Time,
    now: Time,
) -> Result<Option<Time>, DbError> {
    const SQL: &str = "insert into _ferrobase.auth_single_use as held (kind, digest, expires_at) values ($1, $2, $3) \
         on conflict (kind, digest) do update set expires_at = \
            case when held.expires_at > $4::timestamptz then held.expires_at else excluded.expires_at end \
         returning expires_at, expires_at = $3::timestamptz";
    let row = db.query_one(SQL, &[&kind, &digest, &until, &now]).await?;
    let is_ours: bool = row.try_get(1)?;
    let held: Time = row.try_get(0)?;
    Ok((!is_ours).then_some(held))
}
