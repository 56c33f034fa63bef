//! `auth.identities` (auth.md 4.2).

use ferrobase_db::{DbError, Executor, Json};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::model::user::Time;

/// Adds the identity of `provider`; `provider_id` is the provider's subject (the user's own id for e-mail and phone).
pub async fn insert(
    db: &impl Executor,
    user_id: Uuid,
    provider: &str,
    provider_id: &str,
    data: &Map<String, Value>,
    now: Time,
) -> Result<(), DbError> {
    const SQL: &str = "insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $5, $5)";
    db.execute(SQL, &[&provider_id, &user_id, &Json(data), &provider, &now])
        .await?;
    Ok(())
}

/// Merges `changes` into the data of the user's identity at `provider`. Says whether there was one.
pub async fn merge_data(
    db: &impl Executor,
    user_id: Uuid,
    provider: &str,
    changes: &Map<String, Value>,
    now: Time,
) -> Result<bool, DbError> {
    const SQL: &str = "update auth.identities set identity_data = identity_data || $3::jsonb, updated_at = $4 \
         where user_id = $1 and provider = $2";
    Ok(db
        .execute(SQL, &[&user_id, &provider, &Json(changes), &now])
        .await?
        > 0)
}

/// Providers of a user in the order of their linking, each once (`app_metadata.providers`).
pub async fn providers(db: &impl Executor, user_id: Uuid) -> Result<Vec<String>, DbError> {
    const SQL: &str = "select provider from auth.identities where user_id = $1 group by provider order by min(created_at), provider";
    db.query(SQL, &[&user_id])
        .await?
        .iter()
        .map(|row| row.try_get(0).map_err(DbError::from))
        .collect()
}

/// All identities of a user in wire shape.
pub async fn rendered(db: &impl Executor, user_id: Uuid) -> Result<Option<Box<RawValue>>, DbError> {
    Ok(super::users::find(db, user_id)
        .await?
        .and_then(|user| user.identities))
}
