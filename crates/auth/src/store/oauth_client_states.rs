//! `auth.oauth_client_states`: what this server keeps for itself while a browser is at a provider.

use ferrobase_db::{DbError, Executor};
use uuid::Uuid;

use crate::model::user::Time;

/// Keeps a PKCE verifier (or, for Twitter, a request token).
pub async fn insert(
    db: &impl Executor,
    id: Uuid,
    provider: &str,
    verifier: &str,
    now: Time,
) -> Result<(), DbError> {
    const SQL: &str = "insert into auth.oauth_client_states (id, provider_type, code_verifier, created_at) values ($1, $2, $3, $4)";
    db.execute(SQL, &[&id, &provider, &verifier, &now]).await?;
    Ok(())
}

/// Takes it out: provider and verifier. It can be taken once.
pub async fn take(db: &impl Executor, id: Uuid) -> Result<Option<(String, String)>, DbError> {
    const SQL: &str = "delete from auth.oauth_client_states where id = $1 returning provider_type, coalesce(code_verifier, '')";
    let row = db.query_opt(SQL, &[&id]).await?;
    row.map(|row| {
        Ok((
            row.try_get(0).map_err(DbError::from)?,
            row.try_get(1).map_err(DbError::from)?,
        ))
    })
    .transpose()
}
