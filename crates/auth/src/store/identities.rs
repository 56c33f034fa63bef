//! `auth.identities` (auth.md 4.2).

use ferrobase_db::{DbError, Executor, Json, Row};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Reader;
use crate::model::identity::Identity;
use crate::model::user::Time;

/// Columns of `auth.identities i`, in the order in which [`read`] takes them.
macro_rules! identity_columns {
    () => {
        "i.id, i.provider_id, i.user_id, i.provider, i.identity_data, i.email, i.created_at"
    };
}

fn read(row: &Row) -> Result<Identity, DbError> {
    let mut r = Reader::at(row, 0);
    Ok(Identity {
        id: r.take()?,
        provider_id: r.take()?,
        user_id: r.take()?,
        provider: r.take()?,
        data: match r.take::<Json<Value>>()? {
            Json(Value::Object(data)) => data,
            Json(_) => Map::new(),
        },
        email: r.take_text()?,
        created_at: r.take_or_default()?,
    })
}

/// The identity that a provider knows as `provider_id`.
pub async fn find_by_subject(
    db: &impl Executor,
    provider: &str,
    provider_id: &str,
) -> Result<Option<Identity>, DbError> {
    const SQL: &str = concat!(
        "select ",
        identity_columns!(),
        " from auth.identities i where i.provider_id = $1 and i.provider = $2"
    );
    db.query_opt(SQL, &[&provider_id, &provider])
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// Which of two spellings of a subject `provider` has an identity for; the first if it has both or none.
pub async fn known_subject<'a>(
    db: &impl Executor,
    provider: &str,
    spellings: [&'a str; 2],
) -> Result<&'a str, DbError> {
    const SQL: &str = "select provider_id = $3 from auth.identities where provider = $1 and provider_id in ($2, $3) order by 1 limit 1";
    let [first, second] = spellings;
    let row = db.query_opt(SQL, &[&provider, &first, &second]).await?;
    let is_second = row.map_or(Ok(false), |row| row.try_get(0).map_err(DbError::from))?;
    Ok(if is_second { second } else { first })
}

/// The identities of a user, oldest first.
pub async fn of_user(db: &impl Executor, user_id: Uuid) -> Result<Vec<Identity>, DbError> {
    const SQL: &str = concat!(
        "select ",
        identity_columns!(),
        " from auth.identities i where i.user_id = $1 order by i.created_at, i.id"
    );
    db.query(SQL, &[&user_id]).await?.iter().map(read).collect()
}

/// Removes an identity of a user. Says whether there was one.
pub async fn delete(db: &impl Executor, user_id: Uuid, id: Uuid) -> Result<bool, DbError> {
    const SQL: &str = "delete from auth.identities where id = $1 and user_id = $2";
    Ok(db.execute(SQL, &[&id, &user_id]).await? > 0)
}

/// A sign-in with the identity: what the provider says now, and when.
pub async fn touch(
    db: &impl Executor,
    id: Uuid,
    data: &Map<String, Value>,
    now: Time,
) -> Result<(), DbError> {
    const SQL: &str =
        "update auth.identities set identity_data = $2, last_sign_in_at = $3, updated_at = $3 where id = $1";
    db.execute(SQL, &[&id, &Json(data), &now]).await?;
    Ok(())
}

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
