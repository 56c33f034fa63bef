//! `auth.flow_state`: sign-ins that end with an authorization code (auth.md 8.4).

use ferrobase_db::{DbError, Executor};
use uuid::Uuid;

use crate::model::user::Time;

/// A flow that begins.
#[derive(Debug)]
pub struct NewFlow<'a> {
    /// Primary key.
    pub id: Uuid,
    /// Whose flow.
    pub user_id: Uuid,
    /// The code that the client will exchange.
    pub auth_code: &'a str,
    /// `s256` or `plain`.
    pub method: &'a str,
    /// The client's challenge.
    pub challenge: &'a str,
    /// How the user signs in: `magiclink`, `recovery`, `email/signup`, `email_change`.
    pub authentication_method: &'a str,
    /// Now.
    pub now: Time,
}

/// Remembers a flow.
pub async fn insert(db: &impl Executor, flow: &NewFlow<'_>) -> Result<(), DbError> {
    const SQL: &str = "insert into auth.flow_state (id, user_id, auth_code, code_challenge_method, code_challenge, provider_type, \
         authentication_method, created_at, updated_at) \
         values ($1, $2, $3, $4::text::auth.code_challenge_method, $5, 'email', $6, $7, $7)";
    db.execute(
        SQL,
        &[
            &flow.id,
            &flow.user_id,
            &flow.auth_code,
            &flow.method,
            &flow.challenge,
            &flow.authentication_method,
            &flow.now,
        ],
    )
    .await?;
    Ok(())
}

/// Marks the newest flow of a user that began in this way as verified, and returns its code. `None` = no flow.
pub async fn issue_code(
    db: &impl Executor,
    user_id: Uuid,
    authentication_method: &str,
    now: Time,
) -> Result<Option<String>, DbError> {
    const SQL: &str = "update auth.flow_state set auth_code_issued_at = $3, updated_at = $3 where id = ( \
            select id from auth.flow_state where user_id = $1 and authentication_method = $2 order by created_at desc limit 1) \
         returning auth_code";
    match db
        .query_opt(SQL, &[&user_id, &authentication_method, &now])
        .await?
    {
        Some(row) => row.try_get(0).map_err(DbError::from),
        None => Ok(None),
    }
}
