//! `auth.oauth_consents`: what users allowed to which client (auth.md section 16).

use ferrobase_db::{DbError, Executor};
use uuid::Uuid;

use super::Reader;
use super::oauth_clients::{self, client_columns};
use crate::model::oauth_client::OAuthClient;
use crate::model::scopes::Scopes;
use crate::model::user::Time;

/// A client with what the user allowed it.
#[derive(Debug)]
pub struct Consent {
    /// The client.
    pub client: OAuthClient,
    /// What it may learn.
    pub scopes: Scopes,
    /// Since when.
    pub granted_at: Time,
}

/// What the user allows the client at present; `None` = nothing.
pub async fn scopes(db: &impl Executor, user_id: Uuid, client_id: Uuid) -> Result<Option<Scopes>, DbError> {
    const SQL: &str =
        "select scopes from auth.oauth_consents where user_id = $1 and client_id = $2 and revoked_at is null";
    let Some(row) = db.query_opt(SQL, &[&user_id, &client_id]).await? else {
        return Ok(None);
    };
    let text: String = row.try_get(0).map_err(DbError::from)?;
    Ok(Some(Scopes::known_in(&text)))
}

/// Remembers what the user allows from now on.
pub async fn grant(
    db: &impl Executor,
    id: Uuid,
    user_id: Uuid,
    client_id: Uuid,
    scopes: &Scopes,
    now: Time,
) -> Result<(), DbError> {
    const SQL: &str = "insert into auth.oauth_consents (id, user_id, client_id, scopes, granted_at) values ($1, $2, $3, $4, $5) \
         on conflict (user_id, client_id) do update set scopes = excluded.scopes, granted_at = excluded.granted_at, revoked_at = null";
    db.execute(SQL, &[&id, &user_id, &client_id, &scopes.to_string(), &now])
        .await?;
    Ok(())
}

/// What the user allows to whom, newest first.
pub async fn of_user(db: &impl Executor, user_id: Uuid) -> Result<Vec<Consent>, DbError> {
    const SQL: &str = concat!(
        "select g.scopes, g.granted_at, ",
        client_columns!(),
        " from auth.oauth_consents g join auth.oauth_clients c on c.id = g.client_id \
         where g.user_id = $1 and g.revoked_at is null and c.deleted_at is null order by g.granted_at desc, g.id"
    );
    let rows = db.query(SQL, &[&user_id]).await?;
    rows.iter()
        .map(|row| {
            let mut r = Reader::new(row);
            Ok(Consent {
                scopes: Scopes::known_in(&r.take::<String>()?),
                granted_at: r.take()?,
                client: oauth_clients::read_at(row, 2)?,
            })
        })
        .collect()
}

/// Keeps the user's consent and the client as they are until the transaction ends. `false` = the one or the other is gone.
pub async fn hold(db: &impl Executor, user_id: Uuid, client_id: Uuid) -> Result<bool, DbError> {
    const SQL: &str = "select g.id from auth.oauth_consents g join auth.oauth_clients c on c.id = g.client_id \
         where g.user_id = $1 and g.client_id = $2 and g.revoked_at is null and c.deleted_at is null for share";
    Ok(db.query_opt(SQL, &[&user_id, &client_id]).await?.is_some())
}

/// Takes back what the user allowed; the client's sessions, open requests and unused codes end with it. Says whether
/// anything was allowed. In a transaction, and in this order: an exchange locks its code and then [`hold`]s the consent, so
/// that it is waited for twice, and the session that it opened is seen.
pub async fn revoke(db: &impl Executor, user_id: Uuid, client_id: Uuid, now: Time) -> Result<bool, DbError> {
    const FORGET: &str = "delete from auth.oauth_authorizations where user_id = $1 and client_id = $2";
    const REVOKE: &str = "update auth.oauth_consents set revoked_at = greatest($3, granted_at) \
         where user_id = $1 and client_id = $2 and revoked_at is null";
    const END: &str = "delete from auth.sessions where user_id = $1 and oauth_client_id = $2";
    db.execute(FORGET, &[&user_id, &client_id]).await?;
    let revoked = db.execute(REVOKE, &[&user_id, &client_id, &now]).await?;
    db.execute(END, &[&user_id, &client_id]).await?;
    Ok(revoked > 0)
}
