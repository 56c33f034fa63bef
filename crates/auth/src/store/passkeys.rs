//! `auth.webauthn_credentials` and `auth.webauthn_challenges` (auth.md 17.1).

use ferrobase_db::{DbError, Executor, Json, Row};
use serde_json::Value;
use uuid::Uuid;

use super::Reader;
use crate::model::passkey::{Listed, NewPasskey, Passkey, Use};
use crate::model::user::Time;

/// What a challenge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeType {
    /// A new passkey.
    Registration,
    /// A sign-in.
    Authentication,
}

impl ChallengeType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Authentication => "authentication",
        }
    }
}

/// A challenge that was used up.
#[derive(Debug)]
pub struct Challenge {
    /// What the server remembers of it.
    pub session_data: Value,
    /// When it lost its worth.
    pub expires_at: Time,
}

/// Columns of `auth.webauthn_credentials c`, in the order in which [`read_listed`] takes them.
macro_rules! listed_columns {
    () => {
        "c.id, c.friendly_name, c.created_at, c.last_used_at"
    };
}

fn read_listed(row: &Row) -> Result<Listed, DbError> {
    let mut r = Reader::new(row);
    Ok(Listed {
        id: r.take()?,
        friendly_name: r.take_text()?,
        created_at: r.take()?,
        last_used_at: r.take()?,
    })
}

/// A user's passkeys, oldest first.
pub async fn of_user(db: &impl Executor, user_id: Uuid) -> Result<Vec<Listed>, DbError> {
    const SQL: &str = concat!(
        "select ",
        listed_columns!(),
        " from auth.webauthn_credentials c where c.user_id = $1 order by c.created_at, c.id"
    );
    let rows = db.query(SQL, &[&user_id]).await?;
    rows.iter().map(read_listed).collect()
}

/// The authenticators' names of a user's passkeys.
pub async fn credential_ids(db: &impl Executor, user_id: Uuid) -> Result<Vec<Vec<u8>>, DbError> {
    const SQL: &str =
        "select credential_id from auth.webauthn_credentials where user_id = $1 order by created_at, id";
    let rows = db.query(SQL, &[&user_id]).await?;
    rows.iter()
        .map(|row| row.try_get(0).map_err(DbError::from))
        .collect()
}

/// The passkey that an authenticator names.
pub async fn find(db: &impl Executor, credential_id: &[u8]) -> Result<Option<Passkey>, DbError> {
    const SQL: &str = "select id, user_id, credential_id, public_key, sign_count, backup_eligible, backed_up \
         from auth.webauthn_credentials where credential_id = $1";
    let Some(row) = db.query_opt(SQL, &[&credential_id]).await? else {
        return Ok(None);
    };
    let mut r = Reader::new(&row);
    Ok(Some(Passkey {
        id: r.take()?,
        user_id: r.take()?,
        credential_id: r.take()?,
        public_key: r.take()?,
        sign_count: u32::try_from(r.take::<i64>()?).unwrap_or(u32::MAX),
        backup_eligible: r.take()?,
        backed_up: r.take()?,
    }))
}

/// Stores a passkey.
pub async fn insert(
    db: &impl Executor,
    id: Uuid,
    user_id: Uuid,
    passkey: &NewPasskey,
    now: Time,
) -> Result<(), DbError> {
    const SQL: &str = "insert into auth.webauthn_credentials (id, user_id, credential_id, public_key, attestation_type, \
            aaguid, sign_count, transports, backup_eligible, backed_up, friendly_name, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)";
    db.execute(
        SQL,
        &[
            &id,
            &user_id,
            &passkey.credential_id,
            &passkey.public_key,
            &passkey.attestation_type,
            &passkey.aaguid,
            &i64::from(passkey.sign_count),
            &Json(&passkey.transports),
            &passkey.backup_eligible,
            &passkey.backed_up,
            &passkey.friendly_name,
            &now,
        ],
    )
    .await?;
    Ok(())
}

/// Keeps what a sign-in has shown. `false` = the passkey is gone, or another sign-in has shown as high a count since it
/// was read.
pub async fn record_use(db: &impl Executor, id: Uuid, shown: Use, now: Time) -> Result<bool, DbError> {
    const SQL: &str = "update auth.webauthn_credentials set sign_count = $2, backed_up = $3, last_used_at = $4, updated_at = $4 \
         where id = $1 and (sign_count < $2 or (sign_count = 0 and $2 = 0))";
    let count = i64::from(shown.sign_count);
    Ok(db.execute(SQL, &[&id, &count, &shown.backed_up, &now]).await? > 0)
}

/// Renames a user's passkey.
pub async fn rename(
    db: &impl Executor,
    user_id: Uuid,
    id: Uuid,
    name: &str,
    now: Time,
) -> Result<Option<Listed>, DbError> {
    const SQL: &str = concat!(
        "update auth.webauthn_credentials c set friendly_name = $3, updated_at = $4 where c.id = $2 and c.user_id = $1 \
         returning ",
        listed_columns!()
    );
    let row = db.query_opt(SQL, &[&user_id, &id, &name, &now]).await?;
    row.as_ref().map(read_listed).transpose()
}

/// Removes a user's passkey.
pub async fn delete(db: &impl Executor, user_id: Uuid, id: Uuid) -> Result<bool, DbError> {
    const SQL: &str = "delete from auth.webauthn_credentials where id = $2 and user_id = $1";
    Ok(db.execute(SQL, &[&user_id, &id]).await? > 0)
}

/// Stores a challenge; one for a sign-in belongs to nobody.
pub async fn insert_challenge(
    db: &impl Executor,
    id: Uuid,
    (kind, user_id): (ChallengeType, Option<Uuid>),
    session_data: &Value,
    now: Time,
    expires_at: Time,
) -> Result<(), DbError> {
    const SQL: &str = "insert into auth.webauthn_challenges (id, user_id, challenge_type, session_data, created_at, expires_at) \
         values ($1, $2, $3, $4, $5, $6)";
    db.execute(
        SQL,
        &[
            &id,
            &user_id,
            &kind.as_str(),
            &Json(session_data),
            &now,
            &expires_at,
        ],
    )
    .await?;
    Ok(())
}

/// Uses a challenge up, whatever comes of it. It must be of this kind and, where it belongs to somebody, theirs.
pub async fn consume_challenge(
    db: &impl Executor,
    id: Uuid,
    (kind, user_id): (ChallengeType, Option<Uuid>),
) -> Result<Option<Challenge>, DbError> {
    const SQL: &str = "delete from auth.webauthn_challenges \
         where id = $1 and challenge_type = $2 and user_id is not distinct from $3 returning session_data, expires_at";
    let Some(row) = db.query_opt(SQL, &[&id, &kind.as_str(), &user_id]).await? else {
        return Ok(None);
    };
    let mut r = Reader::new(&row);
    let Json(session_data) = r.take::<Json<Value>>()?;
    Ok(Some(Challenge {
        session_data,
        expires_at: r.take()?,
    }))
}
