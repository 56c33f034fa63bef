//! `auth.oauth_authorizations`: requests of clients, and the codes that answer them (auth.md section 16).

use ferrobase_db::{DbError, Executor, Row};
use uuid::Uuid;

use super::Reader;
use crate::model::authorization::Authorization;
use crate::model::scopes::Scopes;
use crate::model::user::Time;

/// Columns of `auth.oauth_authorizations a`, in the order in which [`read`] takes them.
macro_rules! authorization_columns {
    () => {
        "a.id, a.authorization_id, a.client_id, a.user_id, a.redirect_uri, a.scope, a.state, a.resource, a.code_challenge, \
         a.code_challenge_method::text, a.nonce, a.status = 'pending', a.expires_at"
    };
}

fn read(row: &Row) -> Result<Authorization, DbError> {
    let mut r = Reader::new(row);
    Ok(Authorization {
        id: r.take()?,
        authorization_id: r.take()?,
        client_id: r.take()?,
        user_id: r.take()?,
        redirect_uri: r.take()?,
        scopes: Scopes::known_in(&r.take::<String>()?),
        state: r.take_text()?,
        resource: r.take_text()?,
        code_challenge: r.take_text()?,
        code_challenge_method: r.take()?,
        nonce: r.take_text()?,
        is_pending: r.take()?,
        expires_at: r.take()?,
    })
}

/// Remembers a request.
pub async fn insert(db: &impl Executor, new: &Authorization, now: Time) -> Result<(), DbError> {
    const SQL: &str = "insert into auth.oauth_authorizations (id, authorization_id, client_id, redirect_uri, scope, state, resource, \
         code_challenge, code_challenge_method, nonce, created_at, expires_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::auth.code_challenge_method, $10, $11, $12)";
    db.execute(
        SQL,
        &[
            &new.id,
            &new.authorization_id,
            &new.client_id,
            &new.redirect_uri,
            &new.scopes.to_string(),
            &new.state,
            &new.resource,
            &new.code_challenge,
            &new.code_challenge_method,
            &new.nonce,
            &now,
            &new.expires_at,
        ],
    )
    .await?;
    Ok(())
}

/// The request with this name, locked until the transaction ends.
pub async fn lock(db: &impl Executor, authorization_id: &str) -> Result<Option<Authorization>, DbError> {
    const SQL: &str = concat!(
        "select ",
        authorization_columns!(),
        " from auth.oauth_authorizations a where a.authorization_id = $1 for update"
    );
    db.query_opt(SQL, &[&authorization_id])
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// The approved request with this code, locked until the transaction ends: two exchanges of one code follow each other.
pub async fn lock_by_code(db: &impl Executor, code: &str) -> Result<Option<Authorization>, DbError> {
    const SQL: &str = concat!(
        "select ",
        authorization_columns!(),
        " from auth.oauth_authorizations a where a.authorization_code = $1 and a.status = 'approved' for update"
    );
    db.query_opt(SQL, &[&code]).await?.as_ref().map(read).transpose()
}

/// The user who was asked.
pub async fn set_user(db: &impl Executor, id: Uuid, user_id: Uuid) -> Result<(), DbError> {
    const SQL: &str = "update auth.oauth_authorizations set user_id = $2 where id = $1 and user_id is null";
    db.execute(SQL, &[&id, &user_id]).await?;
    Ok(())
}

/// The user agreed: the code may be exchanged.
pub async fn approve(db: &impl Executor, id: Uuid, code: &str, now: Time) -> Result<(), DbError> {
    const SQL: &str = "update auth.oauth_authorizations set status = 'approved', approved_at = $3, authorization_code = $2 where id = $1";
    db.execute(SQL, &[&id, &code, &now]).await?;
    Ok(())
}

/// The user did not agree.
pub async fn deny(db: &impl Executor, id: Uuid) -> Result<(), DbError> {
    const SQL: &str = "update auth.oauth_authorizations set status = 'denied' where id = $1";
    db.execute(SQL, &[&id]).await?;
    Ok(())
}

/// Forgets a request: its code was exchanged.
pub async fn delete(db: &impl Executor, id: Uuid) -> Result<(), DbError> {
    db.execute("delete from auth.oauth_authorizations where id = $1", &[&id])
        .await?;
    Ok(())
}
