//! `auth.sessions`, with their methods and their first refresh token (auth.md 5.3).

use std::net::IpAddr;

use ferrobase_db::{DbError, Executor, Json, Row};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{Reader, parts};
use crate::model::aal::Aal;
use crate::model::session::Session;
use crate::model::user::Time;

/// Columns of `auth.sessions s`, in the order in which [`read_at`] takes them.
macro_rules! session_columns {
    () => {
        "s.id, s.user_id, s.aal::text, s.factor_id, s.created_at, s.refreshed_at at time zone 'utc', s.not_after, s.tag"
    };
}

pub(crate) use super::parts::session_amr;
pub(crate) use session_columns;

/// A session from a (possibly outer) join.
pub(crate) fn read_at(row: &Row, first: usize) -> Result<Option<Session>, DbError> {
    let mut r = Reader::at(row, first);
    let Some(id) = r.take::<Option<Uuid>>()? else {
        return Ok(None);
    };
    Ok(Some(Session {
        id,
        user_id: r.take()?,
        aal: Aal::parse(&r.take_or_default::<String>()?),
        factor_id: r.take()?,
        created_at: r.take()?,
        refreshed_at: r.take()?,
        not_after: r.take()?,
        tag: r.take()?,
    }))
}

/// What a new session is made of.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// Its id.
    pub id: Uuid,
    /// Its owner.
    pub user_id: Uuid,
    /// How the user signed in.
    pub method: &'a str,
    /// `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// Client address.
    pub ip: IpAddr,
    /// First table token; `None` with counter tokens.
    pub refresh_token: Option<&'a str>,
    /// Key of counter tokens, possibly sealed.
    pub counter_key: Option<&'a str>,
    /// Sign-in time.
    pub now: Time,
    /// Id and payload of the audit row.
    pub audit: Option<(Uuid, Value)>,
    /// Id of the `amr` row.
    pub amr_id: Uuid,
    /// Its end, if it is fixed.
    pub not_after: Option<Time>,
    /// The client of our OAuth server that it is for.
    pub oauth_client_id: Option<Uuid>,
    /// What that client may do, separated by spaces.
    pub scopes: Option<&'a str>,
}

/// Opens a session: session, method, refresh token, last sign-in and audit row in one statement.
pub async fn open(db: &impl Executor, new: &NewSession<'_>) -> Result<(), DbError> {
    const SQL: &str = "with session as ( \
            insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip, refresh_token_hmac_key, \
               refresh_token_counter, not_after, oauth_client_id, scopes) \
            values ($1, $2, $3, $3, 'aal1', $4, $5, $6::text, case when $6::text is null then null else 0 end, \
               $12, $13, $14) returning id), \
         method as (insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method) \
            select $7, session.id, $3, $3, $8 from session), \
         token as (insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, session_id) \
            select '00000000-0000-0000-0000-000000000000', $9::text, $2::text, false, $3, $3, session.id from session \
            where $9::text is not null), \
         seen as (update auth.users set last_sign_in_at = $3, updated_at = $3 where id = $2) \
         insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address) \
            select '00000000-0000-0000-0000-000000000000', $10::uuid, $11::json, $3, '' where $10::uuid is not null";
    let (audit_id, payload) = match &new.audit {
        Some((id, payload)) => (Some(*id), Some(Json(payload))),
        None => (None, None),
    };
    db.execute(
        SQL,
        &[
            &new.id,
            &new.user_id,
            &new.now,
            &new.user_agent,
            &new.ip,
            &new.counter_key,
            &new.amr_id,
            &new.method,
            &new.refresh_token,
            &audit_id,
            &payload,
            &new.not_after,
            &new.oauth_client_id,
            &new.scopes,
        ],
    )
    .await?;
    Ok(())
}

/// The `amr` claim of a session.
pub async fn amr(db: &impl Executor, id: Uuid) -> Result<Box<RawValue>, DbError> {
    const SQL: &str = concat!("select ", session_amr!(), " from (select $1::uuid as id) s");
    let row = db.query_one(SQL, &[&id]).await?;
    parts::amr(row.try_get(0)?)
}

/// A session, locked until the transaction ends.
pub async fn lock(db: &impl Executor, id: Uuid) -> Result<Option<Session>, DbError> {
    const SQL: &str = concat!(
        "select ",
        session_columns!(),
        " from auth.sessions s where s.id = $1 for update"
    );
    match db.query_opt(SQL, &[&id]).await? {
        Some(row) => read_at(&row, 0),
        None => Ok(None),
    }
}

/// Whether the session was entered by a code or link, which lets it change the password without the current one.
pub async fn is_recovery(db: &impl Executor, id: Uuid) -> Result<bool, DbError> {
    const SQL: &str = "select exists (select from auth.mfa_amr_claims where session_id = $1 \
         and authentication_method in ('otp', 'magiclink', 'recovery'))";
    db.query_one(SQL, &[&id]).await?.try_get(0).map_err(DbError::from)
}

/// Ends every session of a user.
pub async fn delete_all(db: &impl Executor, user_id: Uuid) -> Result<u64, DbError> {
    db.execute("delete from auth.sessions where user_id = $1", &[&user_id])
        .await
}

/// Ends one session of a user.
pub async fn delete_one(db: &impl Executor, user_id: Uuid, id: Uuid) -> Result<u64, DbError> {
    db.execute(
        "delete from auth.sessions where user_id = $1 and id = $2",
        &[&user_id, &id],
    )
    .await
}

/// Ends every session of a user but one.
pub async fn delete_others(db: &impl Executor, user_id: Uuid, keep: Uuid) -> Result<u64, DbError> {
    db.execute(
        "delete from auth.sessions where user_id = $1 and id <> $2",
        &[&user_id, &keep],
    )
    .await
}

/// Ends the sessions that a client of the OAuth server has with a user, but for `keep`.
pub async fn delete_of_client(
    db: &impl Executor,
    user_id: Uuid,
    client_id: Uuid,
    keep: Option<Uuid>,
) -> Result<u64, DbError> {
    const SQL: &str =
        "delete from auth.sessions where user_id = $1 and oauth_client_id = $2 and id is distinct from $3";
    db.execute(SQL, &[&user_id, &client_id, &keep]).await
}

/// Ends a session of a client of the OAuth server.
pub async fn delete_if_of_client(db: &impl Executor, id: Uuid) -> Result<u64, DbError> {
    const SQL: &str = "delete from auth.sessions where id = $1 and oauth_client_id is not null";
    db.execute(SQL, &[&id]).await
}
