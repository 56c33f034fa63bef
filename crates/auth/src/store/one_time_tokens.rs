//! `auth.one_time_tokens`: the searchable copies of the pending hashes on the user (auth.md section 9).

use ferrobase_db::{DbError, Executor};
use uuid::Uuid;

use super::users;
use crate::model::one_time::TokenType;
use crate::model::user::{Time, User};

/// Sets the pending token of one type, replacing the previous one. `relates_to` is the address it was sent to.
pub async fn put(
    db: &impl Executor,
    id: Uuid,
    user_id: Uuid,
    token_type: TokenType,
    relates_to: &str,
    hash: &str,
    now: Time,
) -> Result<(), DbError> {
    const SQL: &str = "insert into auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to, created_at, updated_at) \
         values ($1, $2, $3::text::auth.one_time_token_type, $4, $5, $6::timestamptz at time zone 'utc', $6::timestamptz at time zone 'utc') \
         on conflict (user_id, token_type) do update set id = excluded.id, token_hash = excluded.token_hash, \
            relates_to = excluded.relates_to, created_at = excluded.created_at, updated_at = excluded.updated_at";
    db.execute(
        SQL,
        &[&id, &user_id, &token_type.as_str(), &hash, &relates_to, &now],
    )
    .await?;
    Ok(())
}

/// Forgets all pending tokens of a user.
pub async fn delete_all(db: &impl Executor, user_id: Uuid) -> Result<(), DbError> {
    db.execute("delete from auth.one_time_tokens where user_id = $1", &[&user_id])
        .await?;
    Ok(())
}

/// Forgets the pending token of one type.
pub async fn delete(db: &impl Executor, user_id: Uuid, token_type: TokenType) -> Result<(), DbError> {
    const SQL: &str = "delete from auth.one_time_tokens where user_id = $1 and token_type = $2::text::auth.one_time_token_type";
    db.execute(SQL, &[&user_id, &token_type.as_str()]).await?;
    Ok(())
}

/// The user for whom `hash` is pending as one of `types`, locked until the transaction ends. With `by_mail` it has to have
/// gone to an e-mail address: the same kind of token goes to phones too, where it proves something else.
pub async fn lock_user(
    db: &impl Executor,
    hash: &str,
    types: &[TokenType],
    by_mail: bool,
) -> Result<Option<(User, TokenType)>, DbError> {
    const SQL: &str = "select t.user_id, t.token_type::text from auth.one_time_tokens t \
         where t.token_hash = $1 and t.token_type::text = any($2) \
            and (not $3 or t.relates_to like '%@%') limit 1";
    let names: Vec<&str> = types.iter().map(|token_type| token_type.as_str()).collect();
    let Some(row) = db.query_opt(SQL, &[&hash, &names, &by_mail]).await? else {
        return Ok(None);
    };
    let user_id: Uuid = row.try_get(0).map_err(DbError::from)?;
    let found: String = row.try_get(1).map_err(DbError::from)?;
    let token_type = types
        .iter()
        .copied()
        .find(|token_type| token_type.as_str() == found);
    match (users::lock(db, user_id).await?, token_type) {
        (Some(user), Some(token_type)) => Ok(Some((user, token_type))),
        _ => Ok(None),
    }
}

/// For whom codes to `address` are pending that are not older than `since`; two are enough to see that there are several.
pub async fn users_waiting(
    db: &impl Executor,
    address: &str,
    types: &[TokenType],
    since: Time,
) -> Result<Vec<(Uuid, TokenType)>, DbError> {
    const SQL: &str = "select t.user_id, t.token_type::text from auth.one_time_tokens t \
         where t.relates_to = $1 and t.token_type::text = any($2) \
            and t.created_at >= $3::timestamptz at time zone 'utc' limit 2";
    let names: Vec<&str> = types.iter().map(|token_type| token_type.as_str()).collect();
    let mut waiting = Vec::new();
    for row in db.query(SQL, &[&address, &names, &since]).await? {
        let user_id: Uuid = row.try_get(0).map_err(DbError::from)?;
        let found: String = row.try_get(1).map_err(DbError::from)?;
        let known = types.iter().find(|known| known.as_str() == found);
        waiting.extend(known.map(|known| (user_id, *known)));
    }
    Ok(waiting)
}
