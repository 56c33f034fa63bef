//! Exchanging refresh tokens (auth.md 5.4, 5.5).

use std::net::IpAddr;

use ferrobase_db::{DbError, Executor, Json, Row};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::Reader;
use super::parts;
use super::sessions::{self, session_amr, session_columns};
use super::users::{self, USER_WIDTH, user_columns, user_parts};
use crate::model::session::{Grant, Session};
use crate::model::user::{Time, User};

/// A user with the session that is refreshed.
#[derive(Debug)]
pub struct Refreshed {
    /// The user.
    pub user: User,
    /// The session.
    pub session: Session,
    /// Its `amr` claim.
    pub amr: Box<RawValue>,
}

fn read(row: &Row) -> Result<Option<Refreshed>, DbError> {
    let Some(session) = sessions::read_at(row, USER_WIDTH + 2)? else {
        return Ok(None);
    };
    let amr = parts::amr(Reader::at(row, USER_WIDTH + 10).take()?)?;
    Ok(Some(Refreshed {
        user: users::read(row)?,
        session,
        amr,
    }))
}

/// Who refreshes, from where, and when.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// The presented token.
    pub token: &'a str,
    /// The token that replaces it.
    pub next: &'a str,
    /// `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// Client address.
    pub ip: IpAddr,
    /// Time of the exchange.
    pub now: Time,
    /// Ids of the two audit rows; `None` writes none.
    pub audit_ids: Option<(Uuid, Uuid)>,
}

/// The common case in one statement: the token is the session's current one and nothing speaks against it. `None` says
/// only that the case is not the common one; nothing was changed then.
pub async fn rotate(db: &impl Executor, exchange: &Exchange<'_>) -> Result<Option<Refreshed>, DbError> {
    const SQL: &str = concat!(
        "with old as (update auth.refresh_tokens t set revoked = true, updated_at = $3 from auth.sessions s, auth.users u \
            where t.token = $1 and t.revoked = false and s.id = t.session_id and u.id = s.user_id \
               and s.oauth_client_id is null and s.refresh_token_hmac_key is null \
               and (s.not_after is null or s.not_after > $3) and (u.banned_until is null or u.banned_until <= $3) \
            returning t.session_id, s.user_id, u.email, u.phone, u.is_sso_user), \
         child as (insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id) \
            select '00000000-0000-0000-0000-000000000000', $2, old.user_id::text, false, $3, $3, $1, old.session_id from old), \
         touched as (update auth.sessions s set refreshed_at = $3::timestamptz at time zone 'utc', updated_at = $3, user_agent = $4, \
            ip = $5 from old where s.id = old.session_id), \
         audited as (insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address) \
            select '00000000-0000-0000-0000-000000000000', e.id, json_build_object('actor_id', old.user_id, 'actor_username', \
               coalesce(nullif(old.phone, ''), old.email, ''), 'actor_via_sso', old.is_sso_user, 'action', e.action, \
               'log_type', 'token'), $3, '' \
            from old cross join (values ($6::uuid, 'token_refreshed'), ($7::uuid, 'token_revoked')) e(id, action) \
            where e.id is not null) \
         select ",
        user_columns!(),
        ", ",
        user_parts!(),
        ", ",
        session_columns!(),
        ", ",
        session_amr!(),
        " from old join auth.users u on u.id = old.user_id join auth.sessions s on s.id = old.session_id"
    );
    let row = db
        .query_opt(
            SQL,
            &[
                &exchange.token,
                &exchange.next,
                &exchange.now,
                &exchange.user_agent,
                &exchange.ip,
                &exchange.audit_ids.map(|ids| ids.0),
                &exchange.audit_ids.map(|ids| ids.1),
            ],
        )
        .await?;
    row.as_ref().map_or(Ok(None), read)
}

/// A presented table token, its row and session locked.
#[derive(Debug)]
pub struct Presented {
    /// Row id.
    pub id: i64,
    /// Whether it was used or revoked.
    pub revoked: bool,
    /// When that happened.
    pub updated_at: Option<Time>,
    /// Its session, if that is still there.
    pub session_id: Option<Uuid>,
}

/// How [`lock_token`] went.
#[derive(Debug)]
pub enum Locked {
    /// No such token.
    Unknown,
    /// Somebody else holds it.
    Busy,
    /// Ours until the transaction ends.
    Held(Presented),
}

/// Locks a presented token and its session without waiting.
pub async fn lock_token(db: &impl Executor, token: &str) -> Result<Locked, DbError> {
    const KNOWN: &str = "select session_id from auth.refresh_tokens where token = $1";
    const LOCK: &str = "select t.id, t.revoked, t.updated_at, t.session_id from auth.refresh_tokens t \
         where t.token = $1 for update skip locked";
    const LOCK_SESSION: &str = "select id from auth.sessions where id = $1 for update skip locked";
    let Some(known) = db.query_opt(KNOWN, &[&token]).await? else {
        return Ok(Locked::Unknown);
    };
    let session_id: Option<Uuid> = known.try_get(0).map_err(DbError::from)?;
    let Some(session_id) = session_id else {
        return Ok(Locked::Held(Presented {
            id: 0,
            revoked: false,
            updated_at: None,
            session_id: None,
        }));
    };
    if db.query_opt(LOCK_SESSION, &[&session_id]).await?.is_none() {
        return Ok(Locked::Busy);
    }
    let Some(row) = db.query_opt(LOCK, &[&token]).await? else {
        return Ok(Locked::Busy);
    };
    let mut r = Reader::new(&row);
    Ok(Locked::Held(Presented {
        id: r.take()?,
        revoked: r.take_or_default()?,
        updated_at: r.take()?,
        session_id: r.take()?,
    }))
}

/// The session and its user.
pub async fn find(db: &impl Executor, session_id: Uuid) -> Result<Option<Refreshed>, DbError> {
    const SQL: &str = concat!(
        "select ",
        user_columns!(),
        ", ",
        user_parts!(),
        ", ",
        session_columns!(),
        ", ",
        session_amr!(),
        " from auth.sessions s join auth.users u on u.id = s.user_id where s.id = $1"
    );
    db.query_opt(SQL, &[&session_id])
        .await?
        .as_ref()
        .map_or(Ok(None), read)
}

/// The client of the OAuth server that a session is for; `None` = the project's own app.
pub async fn grant(db: &impl Executor, session_id: Uuid) -> Result<Option<Grant>, DbError> {
    const SQL: &str = "select oauth_client_id, coalesce(scopes, '') from auth.sessions where id = $1 and oauth_client_id is not null";
    let Some(row) = db.query_opt(SQL, &[&session_id]).await? else {
        return Ok(None);
    };
    let mut r = Reader::new(&row);
    Ok(Some(Grant {
        client_id: r.take()?,
        scopes: r.take()?,
    }))
}

/// The session's active token and that token's parent.
pub async fn active_token(
    db: &impl Executor,
    session_id: Uuid,
) -> Result<Option<(String, Option<String>)>, DbError> {
    const SQL: &str = "select token, parent from auth.refresh_tokens where session_id = $1 and revoked = false order by id desc limit 1";
    let Some(row) = db.query_opt(SQL, &[&session_id]).await? else {
        return Ok(None);
    };
    let mut r = Reader::new(&row);
    Ok(Some((r.take()?, r.take()?)))
}

/// Replaces the presented token by a child.
pub async fn replace(
    db: &impl Executor,
    presented: &Presented,
    exchange: &Exchange<'_>,
    session: &Session,
) -> Result<(), DbError> {
    const SQL: &str = "with revoked as (update auth.refresh_tokens set revoked = true, updated_at = $3 where id = $4 and not revoked) \
         insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id) \
         values ('00000000-0000-0000-0000-000000000000', $2, ($5::uuid)::text, false, $3, $3, $1, $6)";
    db.execute(
        SQL,
        &[
            &exchange.token,
            &exchange.next,
            &exchange.now,
            &presented.id,
            &session.user_id,
            &session.id,
        ],
    )
    .await?;
    Ok(())
}

/// Revokes every token of a session: the family is burnt. The time is dated back so that no reuse interval, which counts
/// from it, brings one of them to life again.
pub async fn revoke_family(db: &impl Executor, session_id: Uuid, now: Time) -> Result<(), DbError> {
    const SQL: &str = "update auth.refresh_tokens set revoked = true, updated_at = $2::timestamptz - interval '1 hour' \
         where session_id = $1 and revoked = false";
    db.execute(SQL, &[&session_id, &now]).await?;
    Ok(())
}

/// Marks the session as refreshed now.
pub async fn touch_session(
    db: &impl Executor,
    session_id: Uuid,
    exchange: &Exchange<'_>,
) -> Result<(), DbError> {
    const SQL: &str = "update auth.sessions set refreshed_at = $2::timestamptz at time zone 'utc', updated_at = $2, user_agent = $3, ip = $4 \
         where id = $1";
    db.execute(
        SQL,
        &[&session_id, &exchange.now, &exchange.user_agent, &exchange.ip],
    )
    .await?;
    Ok(())
}

/// Writes the audit row of an exchange.
pub async fn audit(db: &impl Executor, id: Uuid, payload: &Value, now: Time) -> Result<(), DbError> {
    const SQL: &str = "insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address) \
         values ('00000000-0000-0000-0000-000000000000', $1, $2, $3, '')";
    db.execute(SQL, &[&id, &Json(payload), &now]).await?;
    Ok(())
}

/// Key, counter and last refresh of a session with counter tokens, locked until the transaction ends.
#[derive(Debug)]
pub struct CounterSession {
    /// HMAC key as stored.
    pub key: Option<String>,
    /// Current counter.
    pub counter: i64,
}

/// Locks a session with counter tokens.
pub async fn lock_counter(db: &impl Executor, session_id: Uuid) -> Result<Option<CounterSession>, DbError> {
    const SQL: &str =
        "select refresh_token_hmac_key, refresh_token_counter from auth.sessions where id = $1 for update";
    let Some(row) = db.query_opt(SQL, &[&session_id]).await? else {
        return Ok(None);
    };
    let mut r = Reader::new(&row);
    Ok(Some(CounterSession {
        key: r.take()?,
        counter: r.take_or_default()?,
    }))
}

/// Advances the counter of a session.
pub async fn set_counter(db: &impl Executor, session_id: Uuid, counter: i64) -> Result<(), DbError> {
    const SQL: &str = "update auth.sessions set refresh_token_counter = $2 where id = $1";
    db.execute(SQL, &[&session_id, &counter]).await?;
    Ok(())
}

/// The user's other sessions that compete under `single_per_user`, with their tags and last refresh. Sessions of a third
/// party compete among themselves only: what it does must not end the user's own session, nor the other way round.
pub async fn rivals(db: &impl Executor, session: &Session) -> Result<Vec<(Session, Option<Time>)>, DbError> {
    const SQL: &str = concat!(
        "select ",
        session_columns!(),
        ", coalesce(s.refreshed_at at time zone 'utc', \
            (select max(t.updated_at) from auth.refresh_tokens t where t.session_id = s.id), s.created_at) \
         from auth.sessions s where s.user_id = $1 and s.id <> $2 and s.oauth_client_id is not distinct from \
            (select own.oauth_client_id from auth.sessions own where own.id = $2)"
    );
    let rows = db.query(SQL, &[&session.user_id, &session.id]).await?;
    let mut rivals = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(rival) = sessions::read_at(row, 0)? {
            rivals.push((rival, Reader::at(row, 8).take()?));
        }
    }
    Ok(rivals)
}
