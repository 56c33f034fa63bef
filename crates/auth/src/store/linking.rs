//! Whom an external identity could belong to (auth.md 12.4), and whom an invitation was for.

use ferrobase_db::{DbError, Executor};
use uuid::Uuid;

use super::Reader;
use crate::model::linking::{Candidates, IdentityHit};
use crate::model::user::Time;

/// Everybody who has this identity or one of the proved addresses (lower case).
pub async fn candidates(
    db: &impl Executor,
    provider: &str,
    subject: &str,
    proved: &[String],
    audience: &str,
) -> Result<Candidates, DbError> {
    const SQL: &str = "select 'owner', i.user_id, i.provider, true from auth.identities i \
            where i.provider_id = $1 and i.provider = $2 \
         union all select 'identity', i.user_id, i.provider, coalesce(i.identity_data->>'email_verified' = 'true', false) \
            from auth.identities i join auth.users u on u.id = i.user_id where i.email = any($3) and u.aud = $4 \
         union all select 'user', u.id, '', true from auth.users u \
            where u.email = any($3) and u.aud = $4 and u.is_sso_user = false";
    let mut found = Candidates::default();
    for row in db.query(SQL, &[&subject, &provider, &proved, &audience]).await? {
        let mut r = Reader::new(&row);
        let (kind, user_id): (String, Uuid) = (r.take()?, r.take()?);
        match kind.as_str() {
            "owner" => found.owner = Some(user_id),
            "identity" => found.identities.push(IdentityHit {
                user_id,
                provider: r.take()?,
                verified: r.take()?,
            }),
            _ => found.users.push(user_id),
        }
    }
    Ok(found)
}

/// The user whose invitation this is, if it was sent after `since`.
pub async fn invited(db: &impl Executor, token: &str, since: Time) -> Result<Option<Uuid>, DbError> {
    const SQL: &str = "select id from auth.users where confirmation_token = $1 and $1 <> '' and invited_at is not null \
         and coalesce(confirmation_sent_at, invited_at) > $2";
    let row = db.query_opt(SQL, &[&token, &since]).await?;
    row.map(|row| row.try_get(0).map_err(DbError::from)).transpose()
}

/// Removes the identities of a user but one.
pub async fn keep_only(
    db: &impl Executor,
    user_id: Uuid,
    provider: &str,
    subject: &str,
) -> Result<u64, DbError> {
    const SQL: &str =
        "delete from auth.identities where user_id = $1 and not (provider = $2 and provider_id = $3)";
    db.execute(SQL, &[&user_id, &provider, &subject]).await
}
