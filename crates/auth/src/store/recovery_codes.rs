//! `auth.mfa_recovery_codes` (auth.md 24).

use ferrobase_db::{DbError, Executor};
use uuid::Uuid;

use super::factors::{factor_columns, read_at};
use crate::model::factor::Factor;
use crate::model::user::Time;

/// The user's recovery-code factor.
pub async fn factor(db: &impl Executor, user_id: Uuid) -> Result<Option<Factor>, DbError> {
    const SQL: &str = concat!(
        "select ",
        factor_columns!(),
        " from auth.mfa_factors f where f.user_id = $1 and f.factor_type = 'recovery_code' limit 1"
    );
    match db.query_opt(SQL, &[&user_id]).await? {
        Some(row) => read_at(&row, 0),
        None => Ok(None),
    }
}

/// How many codes the factor has, and how many are unused.
pub async fn counts(db: &impl Executor, factor_id: Uuid) -> Result<(i64, i64), DbError> {
    const SQL: &str = "select count(*), count(*) filter (where used_at is null) from auth.mfa_recovery_codes where factor_id = $1";
    let row = db.query_one(SQL, &[&factor_id]).await?;
    Ok((
        row.try_get(0).map_err(DbError::from)?,
        row.try_get(1).map_err(DbError::from)?,
    ))
}

/// Replaces all codes of a factor and forgets wrong attempts.
pub async fn replace(
    db: &impl Executor,
    factor_id: Uuid,
    codes: &[(Uuid, String)],
    now: Time,
) -> Result<(), DbError> {
    const INSERT: &str = "insert into auth.mfa_recovery_codes (id, factor_id, code_hash, created_at) \
         select code.id, $1, code.hash, $4 from unnest($2::uuid[], $3::text[]) as code(id, hash)";
    let (ids, hashes): (Vec<Uuid>, Vec<&str>) = codes.iter().map(|(id, hash)| (*id, hash.as_str())).unzip();
    db.execute(
        "delete from auth.mfa_recovery_codes where factor_id = $1",
        &[&factor_id],
    )
    .await?;
    db.execute(
        "delete from _ferrobase.mfa_guard where factor_id = $1",
        &[&factor_id],
    )
    .await?;
    db.execute(INSERT, &[&factor_id, &ids, &hashes, &now]).await?;
    Ok(())
}

/// Ids and hashes of the unused codes.
pub async fn unused(db: &impl Executor, factor_id: Uuid) -> Result<Vec<(Uuid, String)>, DbError> {
    const SQL: &str =
        "select id, code_hash from auth.mfa_recovery_codes where factor_id = $1 and used_at is null";
    let rows = db.query(SQL, &[&factor_id]).await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.try_get(0).map_err(DbError::from)?,
                row.try_get(1).map_err(DbError::from)?,
            ))
        })
        .collect()
}

/// Uses a code up; `false` = it was used meanwhile.
pub async fn consume(db: &impl Executor, id: Uuid, now: Time) -> Result<bool, DbError> {
    const SQL: &str = "update auth.mfa_recovery_codes set used_at = $2 where id = $1 and used_at is null";
    Ok(db.execute(SQL, &[&id, &now]).await? == 1)
}
